using System.Buffers;
using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// The bytes of one object of an emulator: in a temporary file, so that objects of hundreds of megabytes do not disturb checks
/// of this process's memory. Appending is not thread safe; reading is.
/// </summary>
public sealed class StoredContent(TemporaryFolder folder)
{
    /// <summary>Small objects do not pay for a file.</summary>
    private const int LargestInMemory = 64 << 10;

    private readonly IncrementalHash _sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly QuickXorHash _quickXor = new();
    private readonly string _path = folder[Guid.NewGuid().ToString("n")];
    private ArrayBufferWriter<byte>? _memory = new();

    public long Length { get; private set; }

    /// <summary>In lower-case hex.</summary>
    public string Sha1
    {
        get
        {
            // Even looking at it is not thread safe.
            lock (_sha1)
                return Convert.ToHexStringLower(_sha1.GetCurrentHash());
        }
    }

    /// <summary>In base64.</summary>
    public string QuickXor => Convert.ToBase64String(_quickXor.GetHash());

    /// <summary>Appends a stream to its end and returns the number of bytes.</summary>
    public async Task<long> AppendAsync(Stream source, CancellationToken cancellationToken)
    {
        var before = Length;
        var buffer = new byte[64 << 10];
        FileStream? file = null;
        try
        {
            for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (_memory is not null && Length + read > LargestInMemory)
                {
                    await File.WriteAllBytesAsync(_path, _memory.WrittenMemory, cancellationToken);
                    _memory = null;
                }
                if (_memory is not null)
                    _memory.Write(buffer.AsSpan(0, read));
                else
                    await (file ??= new FileStream(_path, FileMode.Append)).WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                _sha1.AppendData(buffer, 0, read);
                _quickXor.Append(buffer.AsSpan(0, read));
                Length += read;
            }
        }
        finally
        {
            if (file is not null)
                await file.DisposeAsync();
        }
        return Length - before;
    }

    /// <summary>A stream over all of it; the caller disposes it.</summary>
    public Stream Open() => _memory is { } memory
        ? new MemoryStream(memory.WrittenSpan.ToArray(), writable: false)
        : new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Frees its space. A reader that has it open goes on.</summary>
    public void Delete()
    {
        if (_memory is null)
            File.Delete(_path);
    }
}
