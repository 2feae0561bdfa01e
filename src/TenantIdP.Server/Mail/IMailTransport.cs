using MimeKit;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Server.Mail;

/// <summary>Where a mail goes.</summary>
public interface IMailTransport
{
    Task<OutboxOutcome> SendAsync(MimeMessage message, Core.Kernel.Id<OutboxMessage> id, CancellationToken ct);
}

/// <summary>No mail server is set, outside Development: mails wait, none is lost and none counts as failed.</summary>
internal sealed class NoMailServer : IMailTransport
{
    // Whoever sets one restarts the server; this is how late the first mail is after that, at most.
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(5);

    public Task<OutboxOutcome> SendAsync(MimeMessage message, Core.Kernel.Id<OutboxMessage> id, CancellationToken ct) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Held(Hold));
}
