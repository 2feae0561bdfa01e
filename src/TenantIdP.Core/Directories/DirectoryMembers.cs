using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

/// <summary>What somebody whom a directory brings has to do with: who may join, and what waits for them.</summary>
public sealed record DirectoryGate(JoinRules Joins, InvitationConsumption Invitations);

/// <summary>
/// Makes members of the users of a directory and brings them back, in the caller's transaction and tenant scope. Never gives Owner or Admin. A membership that somebody in the
/// organization has ended is brought back by nothing but a directory's own step from inactive to active.
/// </summary>
public sealed class DirectoryMembers(IdpDbContext db, DirectoryGate gate, DirectoryCorrelation correlation, OutboxWriter outbox, EventLog events, TimeProvider clock)
{
    /// <summary>The membership of a user whom the directory makes: of an account that there is, or of a new one.</summary>
    internal async Task<Result<Membership>> JoinAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct)
    {
        var found = await correlation.FindAsync(directory, facts, ct);
        if (!found.IsOk) return found.Error;
        return found.Value.User is { } user ? await AdoptAsync(directory, facts, user, found.Value.IsInside, ct) : await CreateAsync(directory, facts, found.Value.IsInside, ct);
    }

    /// <summary>The directory says of a user who was inactive or deleted that they are active.</summary>
    internal async Task<Result<Membership>> ReviveAsync(OrganizationDirectory directory, DirectoryUser row, DirectoryUserFacts facts, CancellationToken ct)
    {
        await db.LockAsync(directory.OrganizationId, ct);
        var membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.OrganizationId == directory.OrganizationId && m.Id == row.MembershipId, ct);
        return await ReviveAsync(directory, membership, facts, row.WasPending, ct);
    }

    /// <summary>Has a pending member asked by mail, who has become one or has another address now: <see cref="DirectoryInvitations"/> judges when it is sent.</summary>
    internal void Ask(DirectoryUser row, Membership membership)
    {
        if (membership.Status == MembershipStatus.Pending && row is { Stands: true, PrimaryEmail: not null }) outbox.Add(DirectoryInvitation.Of(row));
    }

    /// <summary>Before a pending member has another address: they are asked no more at the one they had.</summary>
    internal async Task AskNoMoreAsync(DirectoryUser row, Membership membership, DirectoryUserFacts facts, CancellationToken ct)
    {
        if (membership.Status == MembershipStatus.Pending && row.PrimaryEmailKey != facts.Address?.Normalized) await db.TakeBackInvitationsAsync(events, membership, clock.GetUtcNow(), ct);
    }

    private async Task<Result<Membership>> CreateAsync(OrganizationDirectory directory, DirectoryUserFacts facts, bool inside, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var invited = await gate.Invitations.FindAsync(directory.OrganizationId, null, inside ? facts.Address : null, ct);
        var user = User.Create(facts.Name, now, directory.OrganizationId);
        if (await MayJoinAsync(directory, user.Id, Shown(directory, facts, inside), facts, ct) is { IsOk: false, Error: { } refused }) return refused;
        if (facts.Address is { } address) user.AddEmail(address, verified: inside, now);
        db.Users.Add(user);
        events.Record(
            EventTypes.UserCreated, directory.OrganizationId, user.Id.ToString(), new { by = "directory", directoryId = directory.Id }, new { email = facts.Address?.Value, name = facts.Name.Display });
        return await MemberAsync(directory, user.Id, inside, invited, ct);
    }

    private async Task<Result<Membership>> AdoptAsync(OrganizationDirectory directory, DirectoryUserFacts facts, Id<User> user, bool inside, CancellationToken ct)
    {
        await db.LockAsync(directory.OrganizationId, ct);
        var invited = await gate.Invitations.FindAsync(directory.OrganizationId, user, inside ? facts.Address : null, ct);
        if (!await db.LockAsync(user, ct)) return VersionErrors.ChangedMeanwhile;
        var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == directory.OrganizationId && m.UserId == user, ct);
        if (membership is null)
            return await MayJoinAsync(directory, user, null, facts, ct) is { IsOk: false, Error: { } refused } ? refused : await MemberAsync(directory, user, inside, invited, ct);
        if (membership.Status is MembershipStatus.Active or MembershipStatus.Pending) return membership;

        var rows = await db.FormerRowsAsync(directory.OrganizationId, [membership.Id], ct);
        if (!DirectoryKnown.MayBeginAgain(rows)) return DirectoryUserErrors.MembershipEnded;
        return facts.Active ? await ReviveAsync(directory, membership, facts, rows.Any(r => r.WasPending), ct) : membership;
    }

    /// <param name="invited">What waits for them; its roles are theirs in place of the directory's own, and it is used up.</param>
    private async Task<Result<Membership>> MemberAsync(OrganizationDirectory directory, Id<User> user, bool inside, WaitingInvitations invited, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var pending = Waits(directory, inside);
        var membership = pending ? Membership.Await(directory.OrganizationId, user, now) : Membership.Join(directory.OrganizationId, user, now);
        db.Memberships.Add(membership);
        // Where an invitation is used up, it says who has joined.
        if (!pending && invited.Any && await gate.Invitations.ConsumeAsync(invited, membership, "scim", ct)) return membership;
        events.Record(
            EventTypes.MemberJoined, directory.OrganizationId, membership.Id.ToString(),
            new { userId = user, by = "directory", directoryId = directory.Id, status = pending ? membership.Status : (MembershipStatus?)null });
        await GiveDefaultsAsync(directory, membership, inside, now, ct);
        return membership;
    }

    private async Task<Result<Membership>> ReviveAsync(OrganizationDirectory directory, Membership membership, DirectoryUserFacts facts, bool wasPending, CancellationToken ct)
    {
        if (membership.Status is MembershipStatus.Active or MembershipStatus.Pending) return membership;
        await db.LockAsync(membership.UserId, ct);
        if (await MayJoinAsync(directory, membership.UserId, ShownAgain(facts, wasPending), facts, ct) is { IsOk: false, Error: { } refused }) return refused;
        var (now, removed) = (clock.GetUtcNow(), membership.Status == MembershipStatus.Removed);
        if (wasPending) membership.AwaitAgain(now);
        else membership.Reactivate(now);
        if (!wasPending && !removed && await db.HoldsOwnerAsync(membership, ct)) await db.FindOwnerAsync(membership.OrganizationId, now, ct);
        if (removed)
        {
            // Nothing is left of what they had: as somebody new.
            await db.RevokeKeysAsync(events, directory.OrganizationId, membership.UserId, ct);
            await GiveDefaultsAsync(directory, membership, await IsInsideAsync(directory, facts, ct), now, ct);
        }

        events.Record(EventTypes.MemberReactivated, directory.OrganizationId, membership.Id.ToString(), new { userId = membership.UserId, by = "directory", directoryId = directory.Id, removed });
        return membership;
    }

    /// <summary>The role of who comes in by the directory; outside the verified domains, as the directory says, a guest's.</summary>
    private async Task GiveDefaultsAsync(OrganizationDirectory directory, Membership membership, bool inside, DateTimeOffset now, CancellationToken ct)
    {
        var role = await db.DefaultRoleAsync(directory.OrganizationId, !inside && directory.OutsideDomains == OutsideDomains.Guest ? BuiltInRoles.Guest : directory.DefaultRoleKey, ct);
        var source = directory.Id.ToString();
        membership.Grant(role, RoleSource.Jit, source, now);
        await db.JoinDefaultAsync(events, membership, [role], RoleSource.Jit, source, now, ct);
    }

    /// <summary>Whether somebody who is made is pending until they say yes.</summary>
    internal static bool Waits(OrganizationDirectory directory, bool inside) => !inside && directory.OutsideDomains == OutsideDomains.Invite;

    /// <summary>What somebody who is made has verified by the time they are a member: who waits is asked at their address.</summary>
    internal static IReadOnlyCollection<EmailAddress> Shown(OrganizationDirectory directory, DirectoryUserFacts facts, bool inside) =>
        (inside || Waits(directory, inside)) && facts.Address is { } address ? [address] : [];

    /// <summary>The same of somebody who comes back; null: what their account says.</summary>
    internal static IReadOnlyCollection<EmailAddress>? ShownAgain(DirectoryUserFacts facts, bool wasPending) => wasPending && facts.Address is { } address ? [address] : null;

    /// <summary>A rule of every way in, in the words of a directory.</summary>
    internal static Result Told(Result allowed)
    {
        if (allowed.Error == MemberErrors.LimitReached) return DirectoryUserErrors.LimitReached;
        return allowed.Error == MemberErrors.SingleOrganization ? DirectoryUserErrors.SingleOrganization : allowed;
    }

    private async Task<bool> IsInsideAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct) =>
        facts.Address is { } address && await db.OwnDomainAsync(directory.OrganizationId, address.Domain, ct) is not null;

    /// <summary>Who is inactive takes nobody's place.</summary>
    /// <param name="verified">What a person who is being made has verified, or one who waits will have; null for one who is in the store.</param>
    private async Task<Result> MayJoinAsync(OrganizationDirectory directory, Id<User> user, IReadOnlyCollection<EmailAddress>? verified, DirectoryUserFacts facts, CancellationToken ct)
    {
        if (!facts.Active) return Result.Ok;
        return Told(await gate.Joins.CheckAtSignInAsync(directory.OrganizationId, user, verified, ct));
    }
}
