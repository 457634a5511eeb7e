using System.Reflection;
using System.Xml.Linq;
using NetArchTest.Rules;
using Xunit;

namespace CuckooDrive.Architecture.Tests;

/// <summary>Who may refer to whom, as docs/architecture.md says.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["CuckooDrive.Clouds"] = [],
        ["CuckooDrive.Format"] = [],
        ["CuckooDrive.Core"] = ["CuckooDrive.Format", "CuckooDrive.Clouds"],
        ["CuckooDrive.Mount.Fuse"] = ["CuckooDrive.Core"],
        ["CuckooDrive.Mount.Dokan"] = ["CuckooDrive.Core"],
        ["CuckooDrive.Host"] =
        [
            "CuckooDrive.Clouds", "CuckooDrive.Format", "CuckooDrive.Core", "CuckooDrive.Mount.Fuse", "CuckooDrive.Mount.Dokan",
        ],
    };

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Fact]
    public void Every_project_has_its_rule() =>
        Assert.Equal(Allowed.Keys.Order(), Repository.Projects("src").Select(Path.GetFileNameWithoutExtension).Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_what_it_may(string project)
    {
        var file = Repository.Projects("src").Single(path => Path.GetFileNameWithoutExtension(path) == project);
        var references = XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(Allowed[project]));
    }

    // References flow on to whoever refers to a project: Mount could use Clouds without naming it. So the types are looked at.
    [Theory]
    [MemberData(nameof(Projects))]
    public void The_types_of_a_project_use_only_what_they_may(string project)
    {
        var assembly = Load(project);
        var forbidden = Allowed.Keys.Except(Allowed[project]).Where(name => name != project)
            // A mount adapter sees the types of Core's contract alone; the host may use everything.
            .ToArray();
        var used = assembly.GetReferencedAssemblies().Select(reference => reference.Name).Intersect(forbidden);
        Assert.Empty(used);
    }

    [Fact]
    public void The_format_does_no_input_or_output()
    {
        var types = Types.InAssembly(Load("CuckooDrive.Format"));
        var result = types.ShouldNot()
            .HaveDependencyOnAny("System.IO.File", "System.IO.FileStream", "System.IO.Directory", "System.Net", "System.Threading.Tasks")
            .GetResult();
        Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
    }

    [Fact]
    public void Each_cloud_provider_knows_no_other()
    {
        var assembly = Load("CuckooDrive.Clouds");
        var namespaces = assembly.GetTypes().Select(type => type.Namespace)
            .Where(name => name?.StartsWith("CuckooDrive.Clouds.Providers.", StringComparison.Ordinal) == true)
            .Distinct().ToList();
        Assert.NotEmpty(namespaces);
        foreach (var provider in namespaces)
        {
            var result = Types.InAssembly(assembly).That().ResideInNamespace(provider!).ShouldNot()
                .HaveDependencyOnAny([.. namespaces.Where(other => other != provider)!]).GetResult();
            Assert.True(result.IsSuccessful, $"{provider}: {string.Join(", ", result.FailingTypeNames ?? [])}");
        }
    }

    private static Assembly Load(string project) => Assembly.Load(project == "CuckooDrive.Host" ? HostAssembly() : project);

    // The program is called cuckoo, whatever its project is called.
    private static string HostAssembly()
    {
        var file = Repository.Projects("src").Single(path => Path.GetFileNameWithoutExtension(path) == "CuckooDrive.Host");
        return XDocument.Load(file).Descendants("AssemblyName").FirstOrDefault()?.Value ?? "CuckooDrive.Host";
    }
}
