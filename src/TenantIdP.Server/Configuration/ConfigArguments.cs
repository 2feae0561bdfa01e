namespace TenantIdP.Server.Configuration;

/// <summary>The command line of plan, apply and export. What is none of its options is a setting of the server, and must look like one.</summary>
internal sealed record ConfigArguments(string Command)
{
    public const string Plan = "plan";
    public const string Apply = "apply";
    public const string Export = "export";

    public const string Usage = """
        Usage: plan FILE [--prune] [--json] [--Setting:Name=value …]
               apply FILE [--prune] [--yes] [--Setting:Name=value …]
               export [ORGANIZATION …] [--organization org_…|slug] … [--without-ids] [--Setting:Name=value …]
        """;

    private const string Prune = "--prune";
    private const string Json = "--json";
    private const string Yes = "--yes";
    private const string WithoutIds = "--without-ids";
    private const string OrganizationOption = "--organization";

    private static readonly string[] HostSettings = ["--environment", "--contentRoot", "--urls"];

    public string File { get; private init; } = "";
    public bool Prunes { get; private init; }
    public bool HasIds { get; private init; } = true;
    public bool IsJson { get; private init; }
    public bool IsConfirmed { get; private init; }
    public IReadOnlyList<string> Organizations { get; private init; } = [];
    public string[] Settings { get; private init; } = [];

    public static bool IsCommand(string word) => word is Plan or Apply or Export;

    /// <returns>Null when it can't be understood.</returns>
    public static ConfigArguments? Read(string[] args)
    {
        if (args is not [var command, .. var rest] || !IsCommand(command)) return null;
        var read = new ConfigArguments(command);
        var (words, organizations, settings) = (new List<string>(), new List<string>(), new List<string>());
        for (var i = 0; i < rest.Length; i++)
        {
            var word = rest[i];
            switch (word)
            {
                case Prune when command != Export:
                    read = read with { Prunes = true };
                    break;
                case Json when command == Plan:
                    read = read with { IsJson = true };
                    break;
                case Yes when command == Apply:
                    read = read with { IsConfirmed = true };
                    break;
                case WithoutIds when command == Export:
                    read = read with { HasIds = false };
                    break;
                case OrganizationOption when command == Export:
                    if (++i == rest.Length) return null;
                    organizations.Add(rest[i]);
                    break;
                case ['-', '-', ..]:
                    // A misspelt option must not pass for a setting that nobody reads.
                    if (!word.Contains('=', StringComparison.Ordinal) && !word.Contains(':', StringComparison.Ordinal) && !HostSettings.Contains(word)) return null;
                    settings.Add(word);
                    if (word.Contains('=', StringComparison.Ordinal)) break;
                    if (++i == rest.Length) return null;
                    settings.Add(rest[i]);
                    break;
                default:
                    words.Add(word);
                    break;
            }
        }

        read = read with { Settings = [.. settings] };
        if (command == Export) return read with { Organizations = [.. organizations, .. words] };
        return words is [{ Length: > 0 } file] ? read with { File = file } : null;
    }
}
