using Fluid;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Server.Mail;

/// <summary>Sends the mails of the outbox. For a day it is tried again; after that an operator can replay it.</summary>
internal sealed class MailHandler(IMailTransport transport, MailComposer composer, IdpDbContext db, SecretBox box, Telemetry telemetry, TimeProvider clock) : IOutboxHandler
{
    public static OutboxKind Kind { get; } = new(
        MailMessage.Kind, TimeSpan.FromSeconds(50),
        new OutboxSchedule([
            TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(2),
            TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8),
        ]));

    public async Task<OutboxOutcome> DeliverAsync(OutboxMessage message, CancellationToken ct)
    {
        var mail = message.Read<MailMessage>(box);
        var outcome = await DeliverAsync(message, mail, ct);
        telemetry.Mail(MailTemplate.Find(mail.Template)?.Key ?? Telemetry.Other, outcome switch { OutboxOutcome.Delivered => "delivered", OutboxOutcome.Retry => "failed", OutboxOutcome.Dead => "given_up", _ => "held" });
        return outcome;
    }

    private async Task<OutboxOutcome> DeliverAsync(OutboxMessage message, MailMessage mail, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (mail.NotAfter < now) return new OutboxOutcome.Dead("What it says was no longer true when it could be sent.");
        // Of a newer version, whose nodes may still be starting.
        if (MailTemplate.Find(mail.Template) is null) return new OutboxOutcome.Retry("This version has no such mail.");
        var organization = await db.Organizations.Where(o => o.Id == message.OrganizationId).Select(o => o.DisplayName).SingleOrDefaultAsync(ct);
        try
        {
            return await transport.SendAsync(composer.Compose(mail, message.Id, organization, message.CreatedAt), message.Id, ct);
        }
        catch (FluidException)
        {
            return new OutboxOutcome.Dead("The template can't show it."); // its text may hold values
        }
    }
}
