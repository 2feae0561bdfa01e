namespace TenantIdP.Server.Configuration;

/// <summary>What a file says and where: scalars, lists and maps, nothing else of YAML.</summary>
internal abstract record YamlNode(int Line, int Column);

internal enum YamlScalarKind
{
    Text,
    Null,
    Flag,
    Number,

    /// <summary>A number to some readers of YAML and text to others.</summary>
    Ambiguous,
}

/// <param name="IsPlain">Without quotes.</param>
internal sealed record YamlScalar(string Text, bool IsPlain, int Line, int Column) : YamlNode(Line, Column)
{
    /// <summary>By the core schema of YAML 1.2, in which <c>no</c> and <c>on</c> are text; its numbers that JSON doesn't know are refused rather than guessed at.</summary>
    public YamlScalarKind Kind => IsPlain ? YamlScalars.KindOf(Text) : YamlScalarKind.Text;
}

internal sealed record YamlList(IReadOnlyList<YamlNode> Items, int Line, int Column) : YamlNode(Line, Column);

internal sealed record YamlMap(IReadOnlyList<(YamlScalar Key, YamlNode Value)> Members, int Line, int Column) : YamlNode(Line, Column);
