using System.Net;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Mail;

/// <summary>What <c>/dev/mail</c> asks before anything is shown, and the HTML of a mail. Mapped in Development without a mail server only.</summary>
internal static class DevMailEndpoints
{
    public static void MapDevMail(this WebApplication app)
    {
        if (app.Services.GetService<MailDrop>() is not null) app.MapGet("/dev/mail/{id}/html", Show);
    }

    /// <summary>Mails hold links that work: nobody on another machine sees them.</summary>
    public static bool IsNear(HttpContext context) => context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);

    private static IResult Show(string id, MailDrop drop, HttpContext context)
    {
        if (!IsNear(context) || drop.Find(id) is not { } mail) return TypedResults.NotFound();
        context.Features.Set(new ForeignDocument());
        return TypedResults.Text(mail.Html, "text/html; charset=utf-8");
    }
}
