namespace CuckooDrive.Format;

/// <summary>Why bytes are not a header.</summary>
public enum HeaderError
{
    None,
    /// <summary>They do not begin like a header.</summary>
    NotAHeader,
    /// <summary>A later version wrote it.</summary>
    UnsupportedVersion,
    /// <summary>It is shorter than it was written.</summary>
    Truncated,
    /// <summary>It is longer than it was written.</summary>
    Extended,
    /// <summary>A field is out of bounds.</summary>
    Malformed,
}

/// <summary>Why a header was not unlocked.</summary>
public enum UnlockError
{
    None,
    /// <summary>The drive has no slot for this kind of secret.</summary>
    NoSuchSlot,
    /// <summary>The secret opens no slot.</summary>
    WrongSecret,
    /// <summary>The secret is right, but the header was changed after it was written.</summary>
    HeaderChanged,
}

/// <summary>Sentences for people.</summary>
public static class HeaderErrors
{
    /// <summary>One clause that completes "The header ...".</summary>
    public static string Describe(this HeaderError error) => error switch
    {
        HeaderError.None => "is in order",
        HeaderError.NotAHeader => "is not the header of a drive",
        HeaderError.UnsupportedVersion => "was written by a newer version of CuckooDrive",
        HeaderError.Truncated => "is cut short",
        HeaderError.Extended => "is longer than it was written",
        HeaderError.Malformed => "holds a value that makes no sense",
        _ => throw new ArgumentOutOfRangeException(nameof(error)),
    };

    /// <summary>One sentence.</summary>
    public static string Describe(this UnlockError error) => error switch
    {
        UnlockError.None => "The drive is unlocked.",
        UnlockError.NoSuchSlot => "The drive has no key of this kind.",
        UnlockError.WrongSecret => "The passphrase or key does not open this drive.",
        UnlockError.HeaderChanged => "The passphrase or key is right, but the drive's header was changed by somebody without it.",
        _ => throw new ArgumentOutOfRangeException(nameof(error)),
    };
}
