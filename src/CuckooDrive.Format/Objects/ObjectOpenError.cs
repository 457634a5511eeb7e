namespace CuckooDrive.Format;

/// <summary>Why a sealed object was refused. Checked in this order.</summary>
public enum ObjectOpenError
{
    None,
    /// <summary>It does not begin like a sealed object.</summary>
    NotAnObject,
    /// <summary>It was written by a later version.</summary>
    UnsupportedVersion,
    /// <summary>It is another kind of object than asked for.</summary>
    WrongKind,
    /// <summary>It is shorter than it was written.</summary>
    Truncated,
    /// <summary>It is longer than it was written, or longer than any object.</summary>
    Extended,
    /// <summary>It belongs to another drive, or its first bytes were changed.</summary>
    WrongKey,
    /// <summary>It is whole, but was written under another name.</summary>
    WrongContext,
    /// <summary>It was changed after it was written.</summary>
    Damaged,
    /// <summary>It was written by this drive's key, but not by a correct program.</summary>
    Malformed,
}

/// <summary>Sentences for people.</summary>
public static class ObjectOpenErrors
{
    /// <summary>One clause that completes "The object NAME ...".</summary>
    public static string Describe(this ObjectOpenError error) => error switch
    {
        ObjectOpenError.None => "is in order",
        ObjectOpenError.NotAnObject => "is not an object of CuckooDrive",
        ObjectOpenError.UnsupportedVersion => "was written by a newer version of CuckooDrive",
        ObjectOpenError.WrongKind => "is another kind of object",
        ObjectOpenError.Truncated => "is cut short",
        ObjectOpenError.Extended => "is longer than it was written",
        ObjectOpenError.WrongKey => "belongs to another drive, or its first bytes were changed",
        ObjectOpenError.WrongContext => "was moved here from another name",
        ObjectOpenError.Damaged => "was changed after it was written",
        ObjectOpenError.Malformed => "has the right key but a content that makes no sense",
        _ => throw new ArgumentOutOfRangeException(nameof(error)),
    };
}
