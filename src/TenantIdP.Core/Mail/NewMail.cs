using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Mail;

/// <summary>A mail to one person.</summary>
public sealed record NewMail(MailTemplate Template, EmailAddress To)
{
    /// <summary>At most this many characters of a value are sent; the rest is cut.</summary>
    public const int MaxValueLength = 2_000;

    /// <summary>On whose behalf: its name stands in the mail. <see cref="Organization.Instance"/> for what belongs to none.</summary>
    public Id<Organization> Organization { get; init; } = Organizations.Organization.Instance;

    /// <summary>A language tag such as <c>de-CH</c>; the nearest language there is a file for is taken, English when there is none or the person has none.</summary>
    public string? Locale { get; init; }

    /// <summary>The texts of <see cref="MailTemplate.Values"/>. What people have typed may stand here: it is encoded, and cleaned of control characters.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The addresses of <see cref="MailTemplate.Links"/>: path and query on this server, such as <c>/invitations/…</c>. The origin is always the configured issuer's, so that no header of
    /// a request can lead a mail elsewhere (SECURITY.md B2).
    /// </summary>
    public IReadOnlyDictionary<string, string> Links { get; init; } = new Dictionary<string, string>();

    /// <summary>After this moment it says nothing any more, such as a link that has expired: it is not sent then. Null: whenever it can be.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}
