using System.Security.Cryptography;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>A store in a temporary folder that goes away with it.</summary>
internal sealed class MetadataFixture : IDisposable
{
    public MetadataFixture(bool create = true)
    {
        Keys = DriveKeys.FromMaster(new byte[32], SHA256.HashData("drive"u8)[..16]);
        if (create)
            Store = SqliteMetadataStore.Create(Directory, Keys);
    }

    public string Directory { get; } = Path.Combine(Path.GetTempPath(), "cuckoo-store-" + Guid.NewGuid().ToString("N"));

    public string DatabasePath => Path.Combine(Directory, "metadata.db");

    public DriveKeys Keys { get; }

    public SqliteMetadataStore Store { get; private set; } = null!;

    public void Reopen()
    {
        Store.Dispose();
        Store = SqliteMetadataStore.Open(Directory, Keys);
    }

    public static SortedDictionary<byte[], byte[]> NewModel() => new(ByteOrder.Instance);

    public static byte[] Top { get; } = [0xff, 0xff];

    public static string? Text(byte[]? value) => value is null ? null : System.Text.Encoding.UTF8.GetString(value);

    public void Dispose()
    {
        Store?.Dispose();
        Keys.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    internal sealed class ByteOrder : IComparer<byte[]>
    {
        public static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
