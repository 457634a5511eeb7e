using CuckooDrive.Clouds;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Samples;

/// <summary>All that a provider needs to be tested.</summary>
public sealed class ShelfConformance : CloudConformance
{
    private static readonly CloudRegistry Registry = CloudRegistry.Default.With(ShelfStorage.Provider);

    protected override bool RunsHeavyChecks => false;

    protected override ICloudStorage Open() => Registry.Open("shelf:conformance");
}
