using System.Runtime.InteropServices;

namespace CuckooDrive.Host.Credentials;

/// <summary>On Windows: the key in a file, protected by the system for this user alone (DPAPI).</summary>
internal sealed partial class DataProtectionKeyStore(string path) : IVaultKeyStore
{
    private const int NoPrompts = 1;

    public byte Number => 4;

    public string Description => "Windows' data protection for this user";

    public bool TrySave(ReadOnlySpan<byte> key)
    {
        if (!OperatingSystem.IsWindows() || Transform(key, protect: true) is not { } sealedKey)
            return false;
        Core.Metadata.PrivateFiles.Replace(path, sealedKey);
        return true;
    }

    public byte[]? TryLoad() =>
        OperatingSystem.IsWindows() && File.Exists(path) && Transform(File.ReadAllBytes(path), protect: false) is { Length: VaultFile.KeyLength } key ? key : null;

    private static unsafe byte[]? Transform(ReadOnlySpan<byte> data, bool protect)
    {
        fixed (byte* bytes = data)
        {
            var input = new Blob { Length = data.Length, Data = (nint)bytes };
            var done = protect
                ? CryptProtectData(input, null, 0, 0, 0, NoPrompts, out var output)
                : CryptUnprotectData(input, 0, 0, 0, 0, NoPrompts, out output);
            if (!done)
                return null;
            try
            {
                return new ReadOnlySpan<byte>((void*)output.Data, output.Length).ToArray();
            }
            finally
            {
                LocalFree(output.Data);
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Blob
    {
        public int Length;
        public nint Data;
    }

    [LibraryImport("crypt32", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CryptProtectData(in Blob input, string? description, nint entropy, nint reserved, nint prompt, int flags, out Blob output);

    [LibraryImport("crypt32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CryptUnprotectData(in Blob input, nint description, nint entropy, nint reserved, nint prompt, int flags, out Blob output);

    [LibraryImport("kernel32")]
    private static partial nint LocalFree(nint memory);
}
