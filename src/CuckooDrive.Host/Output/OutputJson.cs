using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Output;

/// <summary>The JSON that commands print: camel case, enumerations as words, one document.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    Converters =
    [
        typeof(CamelCaseConverter<DriveProtection>), typeof(CamelCaseConverter<FileProtection>),
        typeof(CamelCaseConverter<SecretKind>), typeof(CamelCaseConverter<DoctorSeverity>),
        typeof(CamelCaseConverter<ConformanceOutcome>),
    ])]
[JsonSerializable(typeof(StatusOutput))]
[JsonSerializable(typeof(StatusListOutput))]
[JsonSerializable(typeof(CloudListOutput))]
[JsonSerializable(typeof(KeyListOutput))]
[JsonSerializable(typeof(KeyAddOutput))]
[JsonSerializable(typeof(DoctorOutput))]
[JsonSerializable(typeof(StorageListOutput))]
[JsonSerializable(typeof(StorageObjectOutput))]
[JsonSerializable(typeof(StorageQuotaOutput))]
[JsonSerializable(typeof(StorageCheckOutput))]
internal sealed partial class OutputJson : JsonSerializerContext
{
    public static void Print<T>(Terminal terminal, T value, JsonTypeInfo<T> type) =>
        terminal.Line(JsonSerializer.Serialize(value, type));
}

/// <summary>An enumeration as a "camelCase" word; a number is refused on reading.</summary>
internal sealed class CamelCaseConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
