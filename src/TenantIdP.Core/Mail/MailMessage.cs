namespace TenantIdP.Core.Mail;

/// <summary>The payload in the outbox: sealed, because links in it work, and gone when it was delivered.</summary>
public sealed record MailMessage(
    string Template, string To, string? Locale, IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, string> Links, DateTimeOffset? NotAfter)
{
    public const string Kind = "mail";
}
