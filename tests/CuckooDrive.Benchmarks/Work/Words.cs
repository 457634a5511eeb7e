using System.Text;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>Text that compresses as sources do: frequent and rare words, lines, indentation.</summary>
internal static class Words
{
    private const int Vocabulary = 4000;
    private static readonly string[] Dictionary = MakeDictionary();

    /// <summary>At least <paramref name="length"/> characters of ASCII, the same for the same state of the generator.</summary>
    public static string Make(Random random, int length)
    {
        var text = new StringBuilder(length + 128);
        while (text.Length < length)
        {
            text.Append(' ', 4 * random.Next(4));
            for (var words = random.Next(2, 10); words > 0; words--)
                text.Append(Pick(random)).Append(words == 1 ? ";\n" : " ");
        }
        return text.ToString();
    }

    /// <summary>The square of a uniform number prefers the front of the dictionary, much as natural text does.</summary>
    private static string Pick(Random random)
    {
        var position = random.NextDouble();
        return Dictionary[(int)(position * position * Vocabulary)];
    }

    private static string[] MakeDictionary()
    {
        var random = new Random(4711);
        return [.. Enumerable.Range(0, Vocabulary).Select(_ => new string(
            [.. Enumerable.Range(0, random.Next(2, 12)).Select(_ => (char)('a' + random.Next(26)))]))];
    }
}
