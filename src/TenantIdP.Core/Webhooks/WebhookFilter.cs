using TenantIdP.Core.Events;

namespace TenantIdP.Core.Webhooks;

/// <summary>Which types of events an endpoint is sent: whole ones (<c>member.joined</c>), all of a subject (<c>member.*</c>), or all (<c>*</c>).</summary>
public static class WebhookFilter
{
    public const string All = "*";

    /// <summary>Patterns of one endpoint.</summary>
    public const int Most = 50;

    private const string AllOfSubject = ".*";

    /// <summary>Whether it can ever match: a type that does not exist is a mistake in writing, and nobody would notice that nothing comes.</summary>
    public static bool IsValid(string pattern) =>
        pattern == All || EventTypes.All.Contains(pattern, StringComparer.Ordinal) || (Prefix(pattern) is { } prefix && EventTypes.All.Any(t => t.StartsWith(prefix, StringComparison.Ordinal)));

    public static bool Matches(IReadOnlyList<string> patterns, string type) =>
        patterns.Any(p => p == All || p == type || (Prefix(p) is { } prefix && type.StartsWith(prefix, StringComparison.Ordinal)));

    // With its dot, so that saml.* is not saml_key.*; a subject is one word before one dot.
    private static string? Prefix(string pattern) => pattern.EndsWith(AllOfSubject, StringComparison.Ordinal) && pattern.IndexOf('.', StringComparison.Ordinal) == pattern.Length - AllOfSubject.Length ? pattern[..^1] : null;
}
