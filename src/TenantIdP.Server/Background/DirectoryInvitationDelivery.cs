using TenantIdP.Core.Directories;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Server.Background;

/// <summary>Asks pending members of directories by mail. Where a limit is reached, or the directory or its organization is closed, they wait; nobody else does.</summary>
public sealed class DirectoryInvitationDelivery(DirectoryInvitations invitations, SecretBox box) : IOutboxHandler
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);

    public static OutboxKind Kind { get; } = new(
        DirectoryInvitation.Kind, TimeSpan.FromSeconds(30),
        new OutboxSchedule([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(4)]));

    public async Task<OutboxOutcome> DeliverAsync(OutboxMessage message, CancellationToken ct)
    {
        var asked = await invitations.AskAsync(message.OrganizationId, message.Read<DirectoryInvitation>(box).User, ct);
        if (asked.IsOk) return new OutboxOutcome.Delivered();
        if (asked.Error == VersionErrors.ChangedMeanwhile) return new OutboxOutcome.Retry(asked.Error.Code);
        return asked.Error.Kind == ErrorKind.TooMany || asked.Error == InvitationErrors.OrganizationClosed ? new OutboxOutcome.Held(LookAgain) : new OutboxOutcome.Delivered(); // refused for good: they stay pending
    }
}
