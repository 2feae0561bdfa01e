using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// A mailbox: ASCII local part of at most 64 characters (dot-atom, RFC 5322 section 3.2.3) at a host name. Quoted local parts, comments, routes
/// (<c>%</c>, <c>!</c>) and encoded words are refused, because parsers disagree about them and an attacker chooses the parser.
/// </summary>
public readonly record struct EmailAddress
{
    public const int MaxLength = 64 + 1 + HostName.MaxLength;

    private EmailAddress(string local, HostName domain) => (Local, Domain) = (local, domain);

    public string Local { get; }
    public HostName Domain { get; }

    /// <summary>As typed, the domain normalised.</summary>
    public string Value => $"{Local}@{Domain}";

    /// <summary>What equality of mailboxes means here: lower case, nothing else folded (plus tags and dots count).</summary>
    public string Normalized => $"{Local.ToLowerInvariant()}@{Domain}";

    public override string ToString() => Value;

    public bool Equals(EmailAddress other) => Local is not null && other.Local is not null && Normalized == other.Normalized;

    public override int GetHashCode() => Local is null ? 0 : Normalized.GetHashCode(StringComparison.Ordinal);

    public static EmailAddress Parse(string text) => TryParse(text, out var address) ? address : throw new FormatException("Not an email address.");

    public static bool TryParse([NotNullWhen(true)] string? text, out EmailAddress address)
    {
        address = default;
        if (text is null || text.Length > MaxLength + 2) return false;
        var trimmed = text.Trim(' ', '\t');
        var at = trimmed.IndexOf('@', StringComparison.Ordinal);
        if (at is < 1 or > 64 || at != trimmed.LastIndexOf('@')) return false;

        var local = trimmed[..at];
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal) || local.Contains("=?", StringComparison.Ordinal)) return false;
        if (!local.All(IsLocalCharacter)) return false;
        // The address as typed must already be a host: a trailing dot or an ideographic full stop is a disguise, not a mailbox.
        if (trimmed[^1] == '.' || !HostName.TryParse(trimmed[(at + 1)..], out var domain)) return false;

        address = new(local, domain);
        return true;
    }

    private static bool IsLocalCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal) && c is not '!';
}
