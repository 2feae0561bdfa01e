using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace TenantIdP.Core.Kernel;

/// <summary>A DNS host name of at least two labels, lower case, as A-labels (RFC 5890). Never an IP literal.</summary>
public readonly record struct HostName
{
    /// <summary>RFC 1035 section 2.3.4, without the trailing dot.</summary>
    public const int MaxLength = 253;

    private HostName(string value) => Value = value;

    public string Value { get; }

    public override string ToString() => Value;

    /// <summary>As people write it: with U-labels (RFC 5890). Never compared, never stored.</summary>
    public string ToUnicode() => HostScript.ToUnicode(Value);

    /// <summary>What a store kept is a host already, whatever this process knows of languages.</summary>
    internal static HostName Stored(string value) => new(value);

    public static HostName Parse(string text) => TryParse(text, out var host) ? host : throw new FormatException("Not a host name.");

    /// <summary>Takes what people paste: trims white space, a leading <c>@</c>, a scheme, a path and a trailing dot.</summary>
    public static bool TryParsePasted(string? text, out HostName host)
    {
        host = default;
        if (text is null || text.Length > 2_000) return false;
        var trimmed = text.Trim();
        var scheme = trimmed.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0) trimmed = trimmed[(scheme + 3)..];
        var path = trimmed.AsSpan().IndexOfAny('/', '?', '#');
        if (path >= 0) trimmed = trimmed[..path];
        return TryParse(trimmed.TrimStart('@'), out host);
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out HostName host)
    {
        host = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength + 1) return false;
        if (text[^1] == '.') text = text[..^1];

        if (!HostScript.TryToAscii(text, out var ascii)) return false;
        if (ascii.Length is 0 or > MaxLength) return false;
        var labels = ascii.Split('.');
        if (labels.Length < 2 || labels.Any(label => !IsLabel(label))) return false;
        if (labels[^1].All(char.IsAsciiDigit) || IPAddress.TryParse(ascii, out _)) return false;

        host = new(ascii);
        return true;
    }

    /// <summary>This host, then each parent down to two labels: the order in which home-realm discovery looks.</summary>
    public IEnumerable<HostName> SelfAndParents()
    {
        var rest = Value;
        while (true)
        {
            yield return new(rest);
            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            rest = rest[(dot + 1)..];
            if (!rest.Contains('.', StringComparison.Ordinal)) yield break;
        }
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
