namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>What a <c>swift://container/prefix?auth=...</c> address says. Immutable.</summary>
/// <param name="Address">As the user wrote it.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Prefix">What all names begin with: empty, or with a slash at its end.</param>
/// <param name="Auth">Where one signs in, without a slash at its end.</param>
/// <param name="IsKeystone">Whether it is signed in to by Keystone's v3, else by the older v1 (TempAuth).</param>
internal sealed record SwiftAddress(CloudAddress Address, string Container, string Prefix, Uri Auth, bool IsKeystone)
{
    private const string AuthOption = "auth";
    private const string VersionOption = "auth-version";
    private const string UserOption = "user";
    private const string ApplicationOption = "application-credential";
    private const string UserDomainOption = "user-domain";
    private const string ProjectOption = "project";
    private const string ProjectDomainOption = "project-domain";
    private const string RegionOption = "region";
    private const string InterfaceOption = "interface";
    private const string QuotaOption = "quota";
    private const string DomainOption = "domain";

    private const string DefaultDomain = "Default";
    private const int LongestContainer = 256;

    private static readonly string[] KeystoneOptions =
        [ApplicationOption, UserDomainOption, ProjectOption, ProjectDomainOption, RegionOption, InterfaceOption];

    public string? User => this[UserOption];

    /// <summary>The id of an application credential, which stands in for user and project; null for a user with a password.</summary>
    public string? Application => this[ApplicationOption];

    public string UserDomain => this[UserDomainOption] ?? DefaultDomain;

    /// <summary>The project's name; null for the user's default project.</summary>
    public string? Project => this[ProjectOption];

    public string ProjectDomain => this[ProjectDomainOption] ?? UserDomain;

    /// <summary>Null where the catalogue has one only.</summary>
    public string? Region => this[RegionOption];

    public string Interface => this[InterfaceOption] ?? "public";

    /// <summary>Whether the provider set a quota, so that free space is known.</summary>
    public bool HasQuota => Address.Flag(QuotaOption) ?? false;

    public string FailureDomain => this[DomainOption] ?? Auth.Host;

    /// <summary>The service for messages.</summary>
    public string Service => $"'{Auth.Host}'";

    /// <summary>Whose login it is, for messages.</summary>
    public string Who => Application is null ? $"'{User}'" : $"the application credential '{Application}'";

    /// <summary>The name under which the credential holds what goes with <see cref="Who"/>.</summary>
    public string SecretName => SecretNameOf(Address);

    private string? this[string option] => Address.Options.GetValueOrDefault(option);

    public static SwiftAddress Parse(CloudAddress address)
    {
        address.AllowOptions(
        [
            AuthOption, VersionOption, UserOption, .. KeystoneOptions, QuotaOption, DomainOption,
        ]);
        var container = Uri.UnescapeDataString(address.Host ?? "");
        if (container.Length is 0 or > LongestContainer || address.User is not null || address.Port is not null)
        {
            throw CloudAddress.Invalid(
                $"'{address}' is not the address of a container; write it as swift://container/prefix?auth=https://host:5000/v3&user=...&project=....");
        }
        var segments = address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        // They would lead out of the container.
        if (container.Contains('/') || segments.Prepend(container).Any(segment => segment is "." or ".."))
            throw CloudAddress.Invalid($"'{address}' has a container or a prefix that no object can be kept under; choose another one.");
        var auth = ParseAuth(address);
        var parsed = new SwiftAddress(
            address, container, string.Concat(segments.Select(segment => $"{segment}/")), auth, ParseVersion(address, auth) == 3);
        parsed.Check();
        return parsed;
    }

    /// <summary>What has to be asked for; the address may be wrong in other ways.</summary>
    public static CloudSignInNeed SignIn(CloudAddress address)
    {
        var application = address.Options.GetValueOrDefault(ApplicationOption);
        return new CloudSignInNeed
        {
            Fields =
            [
                new CloudSecretField(
                    SecretNameOf(address),
                    application is null
                        ? $"password of {address.Options.GetValueOrDefault(UserOption) ?? "the user"}"
                        : $"secret of the application credential {application}"),
            ],
            Help = "With Keystone an application credential made for this drive alone is better than a password: " +
                "'openstack application credential create', then application-credential=ID in the address.",
        };
    }

    private static string SecretNameOf(CloudAddress address) =>
        address.Options.ContainsKey(ApplicationOption) ? CloudSecret.SecretKey : CloudSecret.Password;

    private static Uri ParseAuth(CloudAddress address)
    {
        if (!address.Options.TryGetValue(AuthOption, out var text))
            throw CloudAddress.Invalid($"'{address}' does not say where to sign in; add auth=https://host:5000/v3.");
        return Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var auth) && auth.Scheme is "https" or "http" &&
            auth.UserInfo.Length == 0 && auth.Query.Length == 0 && auth.Fragment.Length == 0
            ? auth
            : throw CloudAddress.Invalid(
                $"'{text}' is not an address to sign in at; write auth=https://host:5000/v3, or auth=https://host/auth/v1.0 for the older way.");
    }

    private static int ParseVersion(CloudAddress address, Uri auth) => address.Options.GetValueOrDefault(VersionOption) switch
    {
        "1" => 1,
        "3" => 3,
        { } other => throw CloudAddress.Invalid($"'{other}' is no value for the option 'auth-version'; write auth-version=1 or auth-version=3."),
        null => auth.Segments[^1] switch
        {
            "v3" => 3,
            "v1.0" or "v1" or "1.0" => 1,
            _ => throw CloudAddress.Invalid(
                $"'{auth}' does not end with /v3 (Keystone) or /v1.0 (the older way); complete it, or add auth-version=3 or auth-version=1."),
        },
    };

    // What is misspelt is told at once, not at the first call.
    private void Check()
    {
        _ = HasQuota;
        if (!IsKeystone && KeystoneOptions.FirstOrDefault(Address.Options.ContainsKey) is { } foreign)
            throw CloudAddress.Invalid($"The option '{foreign}' is for Keystone (auth=https://host:5000/v3) and means nothing at {Auth}.");
        if (Interface is not ("public" or "internal" or "admin"))
            throw CloudAddress.Invalid($"'{Interface}' is no value for the option 'interface'; write public, internal or admin.");
        if (Application is null)
        {
            if (string.IsNullOrEmpty(User))
                throw CloudAddress.Invalid($"'{Address}' does not say who signs in; add user=NAME.");
            return;
        }
        // It belongs to one user and one project already.
        string[] implied = [UserOption, UserDomainOption, ProjectOption, ProjectDomainOption];
        if (implied.FirstOrDefault(Address.Options.ContainsKey) is { } superfluous)
            throw CloudAddress.Invalid($"An application credential implies the option '{superfluous}'; leave it out.");
    }
}
