using System.Net.Sockets;
using System.Text.Json;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Daemon;

/// <summary>Asks the process that has a drive mounted.</summary>
internal static class ControlClient
{
    /// <summary>The answer, or null when the drive is not mounted by this user. A refusal is thrown.</summary>
    public static async Task<ControlResponse?> TrySendAsync(
        DriveFolders folders, ControlRequest request, Action<ControlProgress>? progress, CancellationToken cancellation)
    {
        using var socket = await TryConnectAsync(folders, cancellation);
        if (socket is null)
            return null;
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        var line = JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest);
        await stream.WriteAsync((byte[])[.. line, (byte)'\n'], cancellation);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellation) is { } answer)
        {
            var response = JsonSerializer.Deserialize(answer, ControlJson.Default.ControlResponse);
            if (response?.Progress is { } step)
                progress?.Invoke(step);
            else if (response is { Ok: true })
                return response;
            else if (response is { Ok: false })
                throw new UserException(response.Error ?? "The mounted drive refused without saying why.");
        }
        throw new UserException($"The process that has '{folders.Name}' mounted ended before it answered; see its log: {folders.LogFile}");
    }

    /// <summary>As <see cref="TrySendAsync"/>, for what only a mounted drive can do.</summary>
    public static async Task<ControlResponse> SendAsync(
        DriveFolders folders, ControlRequest request, Action<ControlProgress>? progress, CancellationToken cancellation) =>
        await TrySendAsync(folders, request, progress, cancellation)
            ?? throw new UserException($"Drive '{folders.Name}' is not mounted; mount it first with: cuckoo mount {folders.Name} MOUNTPOINT");

    /// <summary>Whether a process of this user has the drive mounted.</summary>
    public static async Task<bool> IsRunningAsync(DriveFolders folders, CancellationToken cancellation)
    {
        using var socket = await TryConnectAsync(folders, cancellation);
        return socket is not null;
    }

    /// <summary>Where the drive was mounted last, if that is recorded; only <see cref="IsRunningAsync"/> says whether it still is.</summary>
    public static MountRecord? ReadRecord(DriveFolders folders)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(folders.MountRecord), ControlJson.Default.MountRecord);
        }
        catch (Exception failure) when (failure is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task<Socket?> TryConnectAsync(DriveFolders folders, CancellationToken cancellation)
    {
        if (!File.Exists(folders.ControlSocket))
            return null;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var address = new ControlAddress(folders);
            await socket.ConnectAsync(address.EndPoint, cancellation);
            return socket;
        }
        catch (Exception failure) when (failure is SocketException or DirectoryNotFoundException)
        {
            socket.Dispose(); // A socket file without a process: left by a crash.
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
