using System.Security.Cryptography;

namespace CuckooDrive.Host.Composition;

/// <summary>
/// A random key that a person can print and type: 160 random bits as 32 letters and digits in groups of four, without the
/// ones that look alike.
/// </summary>
internal static class RecoveryKey
{
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int Characters = 32;
    private const int Group = 4;

    public static string Create() =>
        string.Join('-', RandomNumberGenerator.GetString(Alphabet, Characters).Chunk(Group).Select(group => new string(group)));
}
