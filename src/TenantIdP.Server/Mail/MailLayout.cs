using System.Text.Encodings.Web;

namespace TenantIdP.Server.Mail;

/// <summary>The document around the fragment of a template: of the program, so that no template can bring a style sheet, a picture from elsewhere or a script.</summary>
internal static class MailLayout
{
    public static string Write(RenderedMail mail, string organization, string accent, string locale)
    {
        var (name, title, language) = (HtmlEncoder.Default.Encode(organization), HtmlEncoder.Default.Encode(mail.Subject), HtmlEncoder.Default.Encode(locale));
        return $"""
            <!DOCTYPE html>
            <html lang="{language}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>{title}</title>
            </head>
            <body style="margin:0;padding:24px;background-color:#f6f7f9;color:#14181f;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.5">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
            <table role="presentation" width="560" cellpadding="0" cellspacing="0" style="max-width:560px;width:100%;background-color:#ffffff;border-radius:10px;border-top:4px solid {accent}">
            <tr><td style="padding:24px 24px 0;font-weight:600;font-size:18px"><bdi>{name}</bdi></td></tr>
            <tr><td style="padding:8px 24px 24px">
            {mail.Html}
            </td></tr>
            </table>
            </td></tr></table>
            </body>
            </html>

            """;
    }
}
