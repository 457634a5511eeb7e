namespace CuckooDrive.Mount.Fuse;

/// <summary>How to unmount.</summary>
public enum UnmountMode
{
    /// <summary>Refused while in use.</summary>
    Normal,

    /// <summary>Out of the tree at once; ends when the last user is gone.</summary>
    Lazy,

    /// <summary>At once, with errors for whoever still works in it.</summary>
    Force,
}
