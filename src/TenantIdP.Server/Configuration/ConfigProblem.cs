namespace TenantIdP.Server.Configuration;

/// <summary>Why a configuration file is refused. The code is stable and documented in docs/config-as-code.md.</summary>
/// <param name="Line">From 1; 0 when it has no place in the file.</param>
internal sealed record ConfigProblem(string Code, string Message, int Line = 0, int Column = 0)
{
    public static ConfigProblem At(YamlNode node, string code, string message) => new(code, message, node.Line, node.Column);

    public override string ToString() => Line == 0 ? $"{Message} ({Code})" : $"line {Line}, column {Column}: {Message} ({Code})";
}

/// <summary>All that is wrong with a file, so that it can be mended at one go.</summary>
internal sealed class ConfigProblems
{
    private const int Most = 50;

    private readonly List<ConfigProblem> found = [];

    public IReadOnlyList<ConfigProblem> Found => found;

    public bool Any => found.Count > 0;

    public void Add(ConfigProblem problem)
    {
        if (found.Count < Most) found.Add(problem);
    }

    public void Add(YamlNode node, string code, string message) => Add(ConfigProblem.At(node, code, message));
}
