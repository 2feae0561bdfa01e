using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

/// <summary>What came of the wish to invite somebody.</summary>
public enum InvitationOutcome
{
    Created,

    /// <summary>There was a pending one, which is unchanged.</summary>
    Existing,
    Resent,

    /// <summary>The person is in the organization: nothing was sent.</summary>
    AlreadyMember,
}

/// <param name="Invitation">Null for a member.</param>
/// <param name="MemberId">Of a member.</param>
/// <param name="Token">Of a link that was made just now.</param>
public sealed record InvitationResult(InvitationOutcome Outcome, Invitation? Invitation, Id<Membership>? MemberId, string? Token);

/// <summary>
/// What inviters do, in the organization that was entered and under its lock. Whether anybody has an account with the address is never told, except of members of the organization
/// itself (SECURITY.md B1).
/// </summary>
public sealed class InvitationService(IdpDbContext db, InvitationChecks checks, InvitationIssue issue, InvitationJoining joining, EventLog events, TimeProvider clock)
{
    public const int MaxBulk = 500;

    private static readonly Dictionary<string, Error> Unique = new() { ["ux_invitations_organization_id_normalized"] = VersionErrors.ChangedMeanwhile };

    public Task<Result<InvitationResult>> CreateAsync(Id<Organization> organization, NewInvitation wanted, Granter granter, CancellationToken ct) =>
        db.InTransactionAsync<InvitationResult>(
            async () =>
            {
                if (!EmailAddress.TryParse(wanted.Email, out var address)) return UserErrors.EmailInvalid;
                var life = checks.Life(wanted.Hours);
                if (!life.IsOk) return life.Error;
                if (await EnterAsync(organization, ct) is { } closed) return closed;
                var contents = await checks.ContentsAsync(organization, wanted, granter, ct);
                if (!contents.IsOk) return contents.Error;
                if (await MemberAsync(organization, address, ct) is { } member) return new InvitationResult(InvitationOutcome.AlreadyMember, null, member, null);

                var taken = await checks.AddressAsync(organization, address, ct);
                if (!taken.IsOk) return taken.Error;

                var now = clock.GetUtcNow();
                var normalized = address.Normalized;
                var pending = await db.Invitations.SingleOrDefaultAsync(i => i.OrganizationId == organization && i.Normalized == normalized && i.Status == InvitationStatus.Pending, ct);
                if (pending is not null && pending.IsOpen(now))
                {
                    if (!wanted.Resend) return new InvitationResult(InvitationOutcome.Existing, pending, null, null);
                    return await AgainAsync(pending, granter, life.Value, ct);
                }

                if (pending is not null)
                {
                    End(pending, EventTypes.InvitationExpired, now);
                    var ended = await db.TrySaveAsync(ct); // before its place is taken
                    if (!ended.IsOk) return ended.Error;
                }

                var made = await issue.NewAsync(organization, address, contents.Value, granter, life.Value, ct);
                if (!made.IsOk) return made.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? new InvitationResult(InvitationOutcome.Created, made.Value.Invitation, null, made.Value.Token) : saved.Error;
            }, ct);

    /// <summary>Each row by itself, whole or not at all.</summary>
    /// <returns>One outcome for each, in their order.</returns>
    public async Task<IReadOnlyList<Result<InvitationResult>>> CreateAllAsync(Id<Organization> organization, IReadOnlyList<NewInvitation> wanted, Granter granter, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(wanted.Count, MaxBulk);
        var results = new List<Result<InvitationResult>>(wanted.Count);
        foreach (var one in wanted)
        {
            results.Add(await CreateAsync(organization, one, granter, ct));
            db.ChangeTracker.Clear();
        }

        return results;
    }

    /// <summary>A new link, also of one that has expired; the old one is dead at once. Who sends it again offers it, so needs the right to give each role.</summary>
    public Task<Result<InvitationResult>> ResendAsync(Id<Organization> organization, Id<Invitation> id, int? hours, Granter granter, CancellationToken ct) =>
        ChangeAsync<InvitationResult>(
            organization, id, async invitation =>
            {
                var life = checks.Life(hours);
                if (!life.IsOk) return life.Error;
                if (invitation.StatusAt(clock.GetUtcNow()) is not (InvitationStatus.Pending or InvitationStatus.Expired)) return InvitationErrors.NotOpen;
                if (await MemberAsync(organization, EmailAddress.Parse(invitation.Address), ct) is { } member) return new InvitationResult(InvitationOutcome.AlreadyMember, invitation, member, null);
                var taken = await checks.AddressAsync(organization, EmailAddress.Parse(invitation.Address), ct);
                if (!taken.IsOk) return taken.Error;
                return await AgainAsync(invitation, granter, life.Value, ct);
            }, ct);

    /// <summary>Its link is dead at once.</summary>
    public Task<Result<Invitation>> RevokeAsync(Id<Organization> organization, Id<Invitation> id, CancellationToken ct) =>
        ChangeAsync<Invitation>(
            organization, id, invitation =>
            {
                if (invitation.Status != InvitationStatus.Pending) return Task.FromResult<Result<Invitation>>(InvitationErrors.NotOpen);
                invitation.Revoke(clock.GetUtcNow());
                events.Record(EventTypes.InvitationRevoked, organization, id.ToString(), new { invitation.ResentCount });
                return Task.FromResult<Result<Invitation>>(invitation);
            }, ct);

    /// <summary>Lets in who asks to be let in with another address than the invited one.</summary>
    public Task<Result<Invitation>> ApproveAsync(Id<Organization> organization, Id<Invitation> id, Granter granter, CancellationToken ct) =>
        ChangeAsync<Invitation>(
            organization, id, async invitation =>
            {
                if (!invitation.IsOpen(clock.GetUtcNow())) return InvitationErrors.NotOpen;
                if (!invitation.HasRequest || invitation.RequestedBy is not { } user) return InvitationErrors.NoRequest;
                var terms = await joining.TermsAsync(invitation, ct);
                if (!terms.IsOk) return InvitationErrors.NotOpen;
                if (!await granter.CoversAsync(db, terms.Value.AllRoles, ct)) return RoleErrors.Escalation;
                events.Record(EventTypes.InvitationRequestApproved, organization, id.ToString(), new { userId = user });
                var joined = await joining.JoinAsync(invitation, terms.Value, user, "approval", ct);
                return joined.IsOk ? invitation : joined.Error;
            }, ct);

    public Task<Result<Invitation>> DenyAsync(Id<Organization> organization, Id<Invitation> id, CancellationToken ct) =>
        ChangeAsync<Invitation>(
            organization, id, invitation =>
            {
                if (!invitation.HasRequest) return Task.FromResult<Result<Invitation>>(InvitationErrors.NoRequest);
                invitation.Deny(clock.GetUtcNow());
                events.Record(EventTypes.InvitationRequestDenied, organization, id.ToString(), new { userId = invitation.RequestedBy });
                return Task.FromResult<Result<Invitation>>(invitation);
            }, ct);

    /// <summary>Takes the lock. Nobody is invited into an organization that lets nobody in.</summary>
    private async Task<Error?> EnterAsync(Id<Organization> organization, CancellationToken ct)
    {
        if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
        db.EnterOrganization(organization);
        return await db.Organizations.AnyAsync(o => o.Id == organization && o.Status == OrganizationStatus.Deleting, ct) ? OrganizationErrors.Deleting : null;
    }

    private async Task<Result<InvitationResult>> AgainAsync(Invitation invitation, Granter granter, TimeSpan life, CancellationToken ct)
    {
        var roles = await joining.RolesAsync(invitation, ct);
        if (roles.Roles.Count == 0) return RoleErrors.Unknown;
        if (!await granter.CoversAsync(db, roles.AllRoles, ct)) return RoleErrors.Escalation;
        var other = invitation.Id;
        if (await db.Invitations.AnyAsync(i => i.OrganizationId == invitation.OrganizationId && i.Normalized == invitation.Normalized && i.Status == InvitationStatus.Pending && i.Id != other, ct)) return InvitationErrors.NotOpen;
        var sent = await issue.AgainAsync(invitation, granter, life, ct);
        if (!sent.IsOk) return sent.Error;
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? new InvitationResult(InvitationOutcome.Resent, invitation, null, sent.Value.Token) : saved.Error;
    }

    private Task<Result<T>> ChangeAsync<T>(Id<Organization> organization, Id<Invitation> id, Func<Invitation, Task<Result<T>>> change, CancellationToken ct) where T : notnull =>
        db.InTransactionAsync<T>(
            async () =>
            {
                if (await EnterAsync(organization, ct) is { } closed) return closed;
                if (await db.Invitations.SingleOrDefaultAsync(i => i.OrganizationId == organization && i.Id == id, ct) is not { } invitation) return InvitationErrors.NotFound;
                var changed = await change(invitation);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? changed : saved.Error;
            }, ct);

    private void End(Invitation invitation, string type, DateTimeOffset now)
    {
        invitation.Expire(now);
        events.Record(type, invitation.OrganizationId, invitation.Id.ToString());
    }

    /// <summary>The membership that the person with this verified address has here. One that was removed or deactivated is none.</summary>
    private async Task<Id<Membership>?> MemberAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct)
    {
        var normalized = address.Normalized;
        return await (
            from e in db.UserEmails
            where e.Normalized == normalized && e.VerifiedAt != null
            join m in db.Memberships on e.UserId equals m.UserId
            where m.OrganizationId == organization && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)
            select (Id<Membership>?)m.Id).SingleOrDefaultAsync(ct);
    }
}
