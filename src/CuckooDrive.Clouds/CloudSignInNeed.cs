using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds;

/// <summary>
/// What must be known before an address can be used: fields to ask the user for, and where an OAuth provider is signed in to.
/// </summary>
/// <remarks>
/// A program asks for the <see cref="Fields"/>, puts the answers under their names into a <see cref="CloudCredential"/>, hands it
/// to an <see cref="OAuthSignIn"/> where <see cref="OAuth"/> is set (which adds the tokens), and stores the result.
/// </remarks>
public sealed record CloudSignInNeed
{
    /// <summary>Nothing: a folder, memory.</summary>
    public static CloudSignInNeed None { get; } = new();

    /// <summary>What to ask for, in this order.</summary>
    public IReadOnlyList<CloudSecretField> Fields { get; init; } = [];

    /// <summary>Where the user signs in with a browser; null for providers without OAuth.</summary>
    public OAuthEndpoint? OAuth { get; init; }

    /// <summary>One or two sentences that tell the user where the values come from, with the page to open; empty for none.</summary>
    public string Help { get; init; } = "";

    /// <summary>The need of every OAuth provider: the user's own client, then a browser.</summary>
    public static CloudSignInNeed ForOAuth(OAuthEndpoint endpoint, string help) => new()
    {
        OAuth = endpoint,
        Help = help,
        Fields =
        [
            new CloudSecretField(CloudSecret.ClientId, "client id") { IsHidden = false },
            new CloudSecretField(CloudSecret.ClientSecret, "client secret") { IsOptional = !endpoint.NeedsClientSecret },
        ],
    };
}

/// <summary>One value to ask the user for.</summary>
/// <param name="Name">Its name in the credential (see <see cref="CloudSecret"/>).</param>
/// <param name="Label">What to call it in a question: lower case, without a colon.</param>
public sealed record CloudSecretField(string Name, string Label)
{
    /// <summary>Whether what is typed must not be shown.</summary>
    public bool IsHidden { get; init; } = true;

    /// <summary>Whether an empty answer is fine; the value is then left out of the credential.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether the value is the text of a file, so that a path is to be asked for.</summary>
    public bool IsFile { get; init; }
}
