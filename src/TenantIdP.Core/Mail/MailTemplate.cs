namespace TenantIdP.Core.Mail;

/// <summary>A mail that this product sends: the name of its files in <c>themes/…/mail</c>, and everything that they may show.</summary>
/// <param name="Key">Lower case and underscores; <c>key.locale.liquid</c> is the file.</param>
/// <param name="Values">Names of texts. Every one is given each time; an empty text counts as absent in an <c>if</c>.</param>
/// <param name="Links">Names of addresses of this server.</param>
public sealed record MailTemplate(string Key, IReadOnlyList<string> Values, IReadOnlyList<string> Links)
{
    /// <summary>What every template can show beside its own: the organization's name, the accent colour, the host of this server.</summary>
    public static readonly IReadOnlyList<string> Common = ["organization", "accent", "host"];

    /// <summary>Somebody signed in past the single sign-on that their organization requires; told to its owners.</summary>
    public static readonly MailTemplate BreakGlassUsed = new("sso_break_glass_used", ["person", "time"], []);

    /// <summary>Who has to use single sign-on has changed; told to the owners.</summary>
    public static readonly MailTemplate SsoEnforcementChanged = new("sso_enforcement_changed", ["before", "after", "percent", "time", "reason"], []);

    /// <summary>Somebody is invited; sent to the address that is.</summary>
    public static readonly MailTemplate Invitation = new("invitation", ["inviter", "message", "expires"], ["accept"]);

    /// <summary>The same again, with a new link.</summary>
    public static readonly MailTemplate InvitationReminder = new("invitation_reminder", ["inviter", "message", "expires"], ["accept"]);

    /// <summary>Who was invited has another address and asks to be let in with it; told to the inviter.</summary>
    public static readonly MailTemplate InvitationRequested = new("invitation_requested", ["invited", "person"], []);

    /// <summary>A code that shows that somebody reads a mailbox at a domain; sent to that mailbox, of which nobody here knows whose it is.</summary>
    public static readonly MailTemplate DomainAffiliation = new("domain_affiliation", ["domain", "code", "expires"], []);

    /// <summary>A domain's proof has not been seen for days; <c>time</c> is when it lapses. This and the following: told to the owners.</summary>
    public static readonly MailTemplate DomainAtRisk = new("domain_at_risk", ["domain", "time"], []);

    /// <summary>Nobody new joins by a domain any more.</summary>
    public static readonly MailTemplate DomainLapsed = new("domain_lapsed", ["domain"], []);

    /// <summary>Another organization proved a domain that had lapsed; <c>time</c> is when it passes.</summary>
    public static readonly MailTemplate DomainTransferAnnounced = new("domain_transfer_announced", ["domain", "time"], []);

    /// <summary>It has passed.</summary>
    public static readonly MailTemplate DomainTransferred = new("domain_transferred", ["domain"], []);

    /// <summary>A code to sign in with; <c>open</c> is the page that takes it. This and the following: to the person it is about.</summary>
    public static readonly MailTemplate SignInCode = new("sign_in_code", ["code", "minutes"], ["open"]);

    /// <summary>A code to choose a new password with.</summary>
    public static readonly MailTemplate PasswordCode = new("password_code", ["code", "minutes"], ["open"]);

    /// <summary>Their password has been replaced.</summary>
    public static readonly MailTemplate PasswordChanged = new("password_changed", ["time"], []);

    /// <summary>All of them. The server reads their files when it starts and refuses to start without a good one for each.</summary>
    public static readonly IReadOnlyList<MailTemplate> All =
    [
        BreakGlassUsed,
        SsoEnforcementChanged,
        Invitation,
        InvitationReminder,
        InvitationRequested,
        DomainAffiliation,
        DomainAtRisk,
        DomainLapsed,
        DomainTransferAnnounced,
        DomainTransferred,
        SignInCode,
        PasswordCode,
        PasswordChanged,
    ];

    public static MailTemplate? Find(string key) => All.FirstOrDefault(t => t.Key == key);
}
