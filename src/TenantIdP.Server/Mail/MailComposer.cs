using MimeKit;
using MimeKit.Utils;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Mail;

/// <summary>Makes the message that is sent out of the one that waited.</summary>
internal sealed class MailComposer(MailTemplates templates, MailOptions options, IssuerOptions issuer, Theme theme)
{
    private readonly string host = new Uri(issuer.Issuer).Host;

    // Where nothing is set mails go into a folder; the name can't be a mailbox of anybody (RFC 2606).
    private string Sender => options.From ?? $"no-reply@{(HostName.TryParse(host, out _) ? host : "tenantidp.invalid")}";

    /// <param name="id">Of the message in the outbox: the same at every try, so that a mail that was sent twice is one in the mailbox.</param>
    /// <param name="organization">The name of the organization on whose behalf it is; null for none.</param>
    public MimeMessage Compose(MailMessage mail, Id<OutboxMessage> id, string? organization, DateTimeOffset at)
    {
        var (file, locale) = templates.Find(mail.Template, mail.Locale);
        var name = organization ?? options.FromName;
        var rendered = file.Render(ModelOf(mail, name));
        var message = new MimeMessage
        {
            MessageId = $"{id}@{host}",
            Date = at,
            Subject = rendered.Subject,
            Body = new MultipartAlternative { Part("plain", rendered.Text), Part("html", MailLayout.Write(rendered, name, theme.Accent, locale)) },
        };
        message.From.Add(new MailboxAddress(options.FromName, Sender));
        message.To.Add(new MailboxAddress(null, mail.To));
        // No out-of-office answer is wanted (RFC 3834; the second is what Exchange reads).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add("X-Auto-Response-Suppress", "All");
        message.Prepare(EncodingConstraint.SevenBit);
        return message;
    }

    private Dictionary<string, string> ModelOf(MailMessage mail, string organization)
    {
        var model = new Dictionary<string, string> { ["organization"] = organization, ["accent"] = theme.Accent, ["host"] = host };
        foreach (var (name, value) in mail.Values) model[name] = value;
        foreach (var (name, path) in mail.Links) model[name] = issuer.Issuer + path;
        return model;
    }

    private static TextPart Part(string subtype, string text) => new(subtype) { Text = text, ContentTransferEncoding = ContentEncoding.QuotedPrintable };
}
