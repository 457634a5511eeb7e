namespace CuckooDrive.Core.Drives;

/// <summary>What a check of the whole drive found.</summary>
public sealed record DoctorReport(IReadOnlyList<DoctorFinding> Findings, IReadOnlyList<DoctorFact> Facts)
{
    /// <summary>Nothing is wrong; warnings may exist.</summary>
    public bool IsHealthy => Findings.All(finding => finding.Severity != DoctorSeverity.Error);
}

public enum DoctorSeverity
{
    /// <summary>Safe, but somebody should know.</summary>
    Warning,
    /// <summary>Data or metadata is damaged, missing or less safe than promised.</summary>
    Error,
}

/// <param name="Severity">How bad it is.</param>
/// <param name="Area">Which part: "store", "files", "references", "chunks", "clouds", "journal".</param>
/// <param name="Message">One sentence.</param>
public sealed record DoctorFinding(DoctorSeverity Severity, string Area, string Message);

/// <summary>Something counted, such as "rows checked".</summary>
public sealed record DoctorFact(string Name, long Value);

/// <summary>Progress of <see cref="Drive.CheckAsync"/>.</summary>
public readonly record struct DoctorProgress(string Step, long Done, long Total);
