using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Core.Mail;

/// <summary>
/// Adds mails to the unit of work: they are sent when it is committed, or not at all. No mail server is asked here, so that none that hangs or is away slows a request down.
/// </summary>
public sealed class MailWriter(OutboxWriter outbox)
{
    private const int MaxLinkLength = 2_000;

    /// <summary>What one person is told by one organization comes in the order in which it was said.</summary>
    /// <exception cref="ArgumentException">The model is not what the template declares, or a link is not a path of this server: a bug of the caller.</exception>
    public OutboxMessage Add(NewMail mail)
    {
        Check(mail.Template.Values, mail.Values.Keys, nameof(mail.Values));
        Check(mail.Template.Links, mail.Links.Keys, nameof(mail.Links));
        foreach (var link in mail.Links.Values) CheckLink(link);
        var values = mail.Values.ToDictionary(v => v.Key, v => Clean(v.Value));
        var payload = new MailMessage(mail.Template.Key, mail.To.Value, mail.Locale, values, new Dictionary<string, string>(mail.Links), mail.NotAfter);
        return outbox.Add(new NewOutboxMessage(MailMessage.Kind, KeyOf(mail.Organization, mail.To), DestinationOf(mail.Organization), payload) { Organization = mail.Organization, IsSecret = true });
    }

    // All mail has one receiver, the mail server. An organization that sends many at once has turns of its own, behind which nobody else's wait.
    private static string DestinationOf(Id<Organization> organization) => $"{MailMessage.Kind}@{organization}";

    /// <summary>The address is personal data and keys are kept: only its hash stands there.</summary>
    private static string KeyOf(Id<Organization> organization, EmailAddress to) =>
        $"{MailMessage.Kind}:{organization}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{organization}\n{to.Normalized}")))[..32]}";

    private static void Check(IReadOnlyList<string> declared, IEnumerable<string> given, string what)
    {
        var names = given.ToHashSet(StringComparer.Ordinal);
        if (!names.SetEquals(declared)) throw new ArgumentException($"The template declares {string.Join(", ", declared)}; given were {string.Join(", ", names)}.", what);
    }

    /// <summary>A second slash or a backslash at the start would name another host.</summary>
    private static void CheckLink(string link)
    {
        if (link.Length is 0 or > MaxLinkLength || link[0] != '/' || link.StartsWith("//", StringComparison.Ordinal) || link.Any(c => c is <= ' ' or '\\' or '"' or '<' or '>' or >= '\x7f'))
            throw new ArgumentException("A link is a path of this server, with escapes where it needs them.", nameof(link));
    }

    /// <summary>Lines stay lines; every other control character, and what reverses the direction of text, becomes a space. No lone surrogate is sent.</summary>
    private static string Clean(string value)
    {
        var text = new StringBuilder(Math.Min(value.Length, NewMail.MaxValueLength));
        foreach (var rune in value.ReplaceLineEndings("\n").EnumerateRunes())
        {
            if (text.Length + rune.Utf16SequenceLength > NewMail.MaxValueLength) break;
            text.Append(MailText.IsBad(rune) ? " " : rune.ToString());
        }

        return text.ToString();
    }
}
