using CuckooDrive.Clouds;
using CuckooDrive.Clouds.OAuth;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Credentials;

/// <summary>Gets the secrets that a cloud needs: from what was given, from the user at the terminal, from a sign-in in the browser.</summary>
internal sealed class CloudSignIn(CommandContext context, CloudRegistry clouds, SecretValues given, bool useBrowser)
{
    /// <summary>What OAuth clouds can be given as well, in place of a sign-in.</summary>
    private static readonly string[] TokenNames = [CloudSecret.RefreshToken, CloudSecret.AccessToken, CloudSecret.AccessTokenExpires];

    /// <summary>Whether an address needs any secret.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/>.</exception>
    public bool IsNeeded(string address) => Names(clouds.SignInNeed(address)).Any();

    /// <summary>
    /// Refuses secrets without an address when several clouds ask for one of that name: the password of one must not be sent
    /// to another.
    /// </summary>
    public void CheckUnambiguous(IReadOnlyList<string> addresses)
    {
        var asked = addresses.SelectMany(address => Names(clouds.SignInNeed(address)).Select(name => (Address: address, Name: name)))
            .Where(each => given.Find(each.Address, each.Name) is not null && !given.IsMeantFor(each.Address, each.Name));
        if (asked.GroupBy(each => each.Name).FirstOrDefault(group => group.Count() > 1) is { } shared)
        {
            throw UserException.Usage(
                $"{string.Join(" and ", shared.Select(each => $"'{each.Address}'"))} all ask for '{shared.Key}'; " +
                "give --secrets-file FILE with a line [URL] before the secrets of each.");
        }
    }

    /// <summary>What was given for a cloud, all that it needs or nothing: then null.</summary>
    public CloudCredential? Given(string address)
    {
        var need = clouds.SignInNeed(address);
        var values = GivenValues(address, need);
        if (values.Count == 0)
            return null;
        foreach (var field in need.Fields.Where(field => !field.IsOptional && !values.ContainsKey(field.Name)))
            throw Missing(address, field);
        return new CloudCredential(values);
    }

    /// <summary>Asks for whatever was not given; null when the address needs nothing.</summary>
    /// <exception cref="UserException">Something is missing and cannot be asked for.</exception>
    public async Task<CloudCredential?> RunAsync(string address, CancellationToken cancellation)
    {
        var need = clouds.SignInNeed(address);
        if (!Names(need).Any())
            return null;
        var values = GivenValues(address, need);
        var asksAll = values.Count == 0;
        if (asksAll && context.Terminal.CanAsk)
            context.Terminal.Note($"Signing in to {address}.{(need.Help.Length > 0 ? " " : "")}{need.Help}");
        foreach (var field in need.Fields.Where(field => !values.ContainsKey(field.Name)))
        {
            // Whoever gives some without being asked has left the optional rest out.
            if (field.IsOptional && (!asksAll || !context.Terminal.CanAsk))
                continue;
            if (Ask(address, field, cancellation) is { Length: > 0 } answer)
                values[field.Name] = answer;
        }
        var credential = new CloudCredential(values);
        return need.OAuth is { } endpoint && !values.ContainsKey(CloudSecret.RefreshToken) && !values.ContainsKey(CloudSecret.AccessToken)
            ? await SignInAsync(endpoint, credential, cancellation)
            : credential;
    }

    private static IEnumerable<string> Names(CloudSignInNeed need) =>
        need.Fields.Select(field => field.Name).Concat(need.OAuth is null ? [] : TokenNames);

    private Dictionary<string, string> GivenValues(string address, CloudSignInNeed need)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Names(need))
        {
            if (given.Find(address, name) is { } value)
                values[name] = value;
        }
        return values;
    }

    private string Ask(string address, CloudSecretField field, CancellationToken cancellation)
    {
        if (!context.Terminal.CanAsk)
            throw Missing(address, field);
        var empty = field.IsOptional ? " (empty for none)" : "";
        var prompt = field.IsFile ? $"File with the {field.Label}{empty}: " : $"{Capital(field.Label)}{empty}: ";
        var answer = field is { IsHidden: true, IsFile: false } ? AskHidden(prompt, cancellation) : AskOpenly(prompt, cancellation);
        if (answer.Length == 0 && !field.IsOptional)
            throw UserException.Usage($"'{address}' needs a {field.Label}; run the command again and type it.");
        return field.IsFile && answer.Length > 0 ? SecretValues.ReadText(answer, field.Label) : answer;
    }

    private static string AskHidden(string prompt, CancellationToken cancellation)
    {
        var typed = HiddenInput.ReadLine(prompt, cancellation);
        try
        {
            return new string(typed);
        }
        finally
        {
            Array.Clear(typed);
        }
    }

    private static string AskOpenly(string prompt, CancellationToken cancellation)
    {
        // Who waits for a line of the terminal hears of nothing else.
        using var interrupted = cancellation.Register(static () =>
        {
            Console.Error.WriteLine();
            Environment.Exit(ExitStatus.Failure);
        });
        Console.Error.Write(prompt);
        return Console.In.ReadLine()?.Trim() ?? "";
    }

    private async Task<CloudCredential> SignInAsync(OAuthEndpoint endpoint, CloudCredential client, CancellationToken cancellation)
    {
        var signIn = new OAuthSignIn(endpoint, client);
        if (useBrowser && Browser.IsLikely)
            return await signIn.WithBrowserAsync((page, _) => OpenPageAsync(endpoint, page), cancellation);
        if (context.Terminal.CanAsk)
            return await signIn.WithPasteAsync((page, token) => Task.FromResult(AskForCode(endpoint, page, token)), cancellation);
        throw UserException.Usage(
            $"Signing in to {endpoint.Service} needs a browser, or a terminal to paste a code into; run the command there, or give {SecretValues.VariableFor(CloudSecret.RefreshToken)}.");
    }

    private string AskForCode(OAuthEndpoint endpoint, Uri page, CancellationToken cancellation)
    {
        context.Terminal.Note($"Open this page in a browser, on any machine, and let CuckooDrive in:\n\n  {page.AbsoluteUri}\n");
        context.Terminal.Note(endpoint.ShowsCode
            ? $"{endpoint.Service} then shows a code."
            : "The browser then shows a page that cannot be opened: its whole address is what is needed.");
        return AskOpenly("Paste it here: ", cancellation);
    }

    private Task OpenPageAsync(OAuthEndpoint endpoint, Uri page)
    {
        context.Terminal.Note($"Let CuckooDrive in on the page of {endpoint.Service} that opens in the browser; if none does, open it yourself:\n\n  {page.AbsoluteUri}\n");
        Browser.Open(page);
        return Task.CompletedTask;
    }

    private static UserException Missing(string address, CloudSecretField field) => UserException.Usage(
        $"'{address}' needs a {field.Label}; set {SecretValues.VariableFor(field.Name)}, give --secrets-file FILE with a line {field.Name}=..., or run the command in a terminal.");

    private static string Capital(string label) => label.Length == 0 ? label : char.ToUpperInvariant(label[0]) + label[1..];
}
