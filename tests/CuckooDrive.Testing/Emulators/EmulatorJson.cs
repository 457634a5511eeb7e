using System.Text.Encodings.Web;
using System.Text.Json;

namespace CuckooDrive.Testing.Emulators;

/// <summary>How services write JSON.</summary>
internal static class EmulatorJson
{
    /// <summary>Without escapes that need not be: some clients do not undo them in times.</summary>
    public static JsonSerializerOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
