using System.Runtime.InteropServices;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>A file mapped into memory, readable and writable.</summary>
public sealed class PosixMapping : IDisposable
{
    private const int ReadWriteProtection = 3;
    private const int SharedFlag = 1;
    private const int PrivateFlag = 2;
    private const int Synchronously = 4;

    private readonly int _length;
    private nint _address;

    public PosixMapping(int file, int length, bool shared)
    {
        _length = length;
        _address = Posix.Native.mmap(0, length, ReadWriteProtection, shared ? SharedFlag : PrivateFlag, file, 0);
        if (_address == -1)
            throw new IOException($"mmap failed (errno {Marshal.GetLastPInvokeError()}).");
    }

    public void Read(int offset, byte[] destination) => Marshal.Copy(_address + offset, destination, 0, destination.Length);

    public void Write(int offset, byte[] data) => Marshal.Copy(data, 0, _address + offset, data.Length);

    public int Sync() => Posix.Check(Posix.Native.msync(_address, _length, Synchronously));

    public void Dispose()
    {
        if (_address != 0)
            _ = Posix.Native.munmap(_address, _length);
        _address = 0;
    }
}
