using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace CuckooDrive.Format;

/// <summary>What a guess at a passphrase costs: the parameters of Argon2id version 1.3 (RFC 9106).</summary>
/// <param name="MemoryKibibytes">m, in KiB.</param>
/// <param name="Passes">t.</param>
/// <param name="Lanes">p.</param>
public readonly record struct Argon2Cost(int MemoryKibibytes, int Passes, int Lanes)
{
    private const int MaximumMemoryKibibytes = 1024 * 1024;
    private const int MaximumPasses = 16;
    private const int MaximumLanes = 16;
    private const long MaximumWorkKibibytes = 4L * 1024 * 1024;

    /// <summary>RFC 9106's second recommended setting: 64 MiB, 3 passes, 4 lanes.</summary>
    public static Argon2Cost Default => new(64 * 1024, 3, 4);

    /// <summary>The least that the algorithm knows. For tests: it protects nothing.</summary>
    public static Argon2Cost Minimum => new(8, 1, 1);

    /// <summary>
    /// Whether a reader may compute with it. A hostile cloud may change a header: the bounds (1 GiB, and 4 GiB of
    /// memory passes in all) keep it from stopping the machine. There is no lower bound but the algorithm's, because a
    /// changed cost opens nothing: it is authenticated with the slot.
    /// </summary>
    public bool IsAcceptable =>
        Lanes is >= 1 and <= MaximumLanes
        && Passes is >= 1 and <= MaximumPasses
        && MemoryKibibytes >= 8 * Lanes
        && MemoryKibibytes <= MaximumMemoryKibibytes
        && (long)MemoryKibibytes * Passes <= MaximumWorkKibibytes;

    /// <summary>Fills <paramref name="output"/>. Slow by intent, and takes the memory that it says.</summary>
    internal void Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, Span<byte> output)
    {
        if (!IsAcceptable)
            throw new ArgumentException("The cost of the key derivation is out of bounds.");
        var parameters = new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
            .WithVersion(Argon2Parameters.Version13)
            .WithMemoryAsKB(MemoryKibibytes)
            .WithIterations(Passes)
            .WithParallelism(Lanes)
            .WithSalt(salt.ToArray())
            .Build();
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        var password = secret.ToArray();
        var derived = new byte[output.Length];
        generator.GenerateBytes(password, derived);
        derived.CopyTo(output);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(password);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(derived);
    }
}
