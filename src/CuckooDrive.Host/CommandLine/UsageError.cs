using System.CommandLine;
using System.CommandLine.Parsing;

namespace CuckooDrive.Host.CommandLine;

/// <summary>Says what is wrong with a command line, in one sentence that names the help.</summary>
internal static class UsageError
{
    public static string Describe(ParseResult result)
    {
        var command = string.Join(' ', CommandPath(result.CommandResult).Reverse());
        return $"{Problem(result, command).TrimEnd('.', ' ')}; '{command} --help' shows how it is used.";
    }

    private static string Problem(ParseResult result, string command)
    {
        if (result.UnmatchedTokens.Count > 0)
        {
            var token = result.UnmatchedTokens[0];
            var what = token.StartsWith('-') ? "an option" : result.CommandResult.Command.Subcommands.Count > 0 ? "a command" : "expected";
            return what == "expected" ? $"'{token}' is one argument too many for {command}" : $"'{token}' is not {what} of {command}";
        }
        if (result.CommandResult.Command.Subcommands.Count > 0)
            return $"A command is missing after '{command}'";
        var missing = result.CommandResult.Command.Arguments.FirstOrDefault(argument =>
            (result.CommandResult.GetResult(argument)?.Tokens.Count ?? 0) < argument.Arity.MinimumNumberOfValues);
        if (missing is not null)
            return $"The argument {missing.Name} is missing";
        return BadNumber(result) ?? result.Errors[0].Message;
    }

    /// <summary>What the parser says of a text that is no number names .NET's types.</summary>
    private static string? BadNumber(ParseResult result)
    {
        foreach (var option in result.CommandResult.Children.OfType<OptionResult>())
        {
            if (option.Errors.Any() && option.Tokens.Count == 1 && IsNumber(option.Option.ValueType))
                return $"'{option.Tokens[0].Value}' is not a whole number, which {option.Option.Name} needs";
        }
        foreach (var argument in result.CommandResult.Children.OfType<ArgumentResult>())
        {
            if (argument.Errors.Any() && argument.Tokens.Count == 1 && IsNumber(argument.Argument.ValueType))
                return $"'{argument.Tokens[0].Value}' is not a whole number, which {argument.Argument.Name} needs";
        }
        return null;
    }

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(int) || plain == typeof(long));

    private static IEnumerable<string> CommandPath(CommandResult result)
    {
        SymbolResult? each = result;
        for (; each is CommandResult command; each = each.Parent)
            yield return command.Parent is null ? "cuckoo" : command.Command.Name;
    }
}
