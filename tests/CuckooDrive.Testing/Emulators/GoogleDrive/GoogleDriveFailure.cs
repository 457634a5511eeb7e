using System.Text.Json.Nodes;

namespace CuckooDrive.Testing.Emulators.GoogleDrive;

/// <summary>An error of a Google API.</summary>
internal sealed class GoogleDriveFailure(int status, string reason) : Exception(reason)
{
    public int Status => status;

    public JsonObject Answer => new()
    {
        ["error"] = new JsonObject
        {
            ["code"] = status,
            ["message"] = Message,
            ["errors"] = new JsonArray(new JsonObject { ["domain"] = "global", ["reason"] = Message, ["message"] = Message }),
        },
    };
}
