using System.Text.RegularExpressions;

namespace TenantIdP.Server.Configuration;

/// <summary>What a scalar without quotes is (YAML 1.2.2 section 10.3.2).</summary>
internal static partial class YamlScalars
{
    public static YamlScalarKind KindOf(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => YamlScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => YamlScalarKind.Flag,
        _ when JsonNumber().IsMatch(text) => YamlScalarKind.Number,
        _ when OtherNumber().IsMatch(text) => YamlScalarKind.Ambiguous,
        _ => YamlScalarKind.Text,
    };

    /// <summary>Whether text needs no quotes, whichever version of YAML its reader knows.</summary>
    public static bool IsPlainText(string text) => text.Length <= 200 && Word().IsMatch(text) && KindOf(text) == YamlScalarKind.Text && !OldFlag().IsMatch(text);

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex JsonNumber();

    [GeneratedRegex(@"^([-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0[xb][0-9a-fA-F_]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex OtherNumber();

    // Starts with a letter; a colon only before what is no space; no comment, no trailing space.
    [GeneratedRegex(@"^[A-Za-z]([A-Za-z0-9_./@+-]|:(?=[A-Za-z0-9/])| (?=[A-Za-z0-9]))*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Word();

    [GeneratedRegex(@"^(y|n|yes|no|on|off|null|true|false)\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex OldFlag();
}
