using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.State;

/// <summary>The files of one drive on this machine.</summary>
internal sealed record DriveFolders(string Name, string Root)
{
    /// <summary>What the drive itself keeps: metadata, staging, caches. A single process has it open.</summary>
    public string Volume => Path.Combine(Root, "volume");

    public string LogFile => Path.Combine(Root, "log", "cuckoo.log");

    /// <summary>Holds the control socket and the mount record while the drive is mounted.</summary>
    public string Run => Path.Combine(Root, "run");

    public string ControlSocket => Path.Combine(Run, "control");

    public string MountRecord => Path.Combine(Run, "mount.json");

    public bool Exists => Drive.Exists(Volume);

    /// <summary>Makes the folders of the host around the volume's, readable by their user only.</summary>
    public void Prepare()
    {
        try
        {
            PrivateFiles.CreateFolder(Root);
            PrivateFiles.CreateFolder(Path.GetDirectoryName(LogFile)!);
            PrivateFiles.CreateFolder(Run);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"The folder '{Root}' for the drive's state cannot be made ({failure.Message.TrimEnd('.')}); check who owns it, or set {CuckooPaths.HomeVariable} to a folder that can be written.",
                ExitStatus.Failure, failure);
        }
    }

    /// <summary>
    /// Prepares the folders and makes the drive in them; when that fails, no half-made drive stays behind. Folders that were
    /// there before are left alone, whatever they look like: they may hold a drive that has lost its header, with the only
    /// copy of what was written to it, or one that another process is just making.
    /// </summary>
    public async Task MakeAsync(Func<Task> make)
    {
        var isNew = !Directory.Exists(Root);
        try
        {
            Prepare();
            await make();
        }
        catch
        {
            if (isNew && !Exists && Directory.Exists(Root))
                Directory.Delete(Root, recursive: true);
            throw;
        }
    }
}
