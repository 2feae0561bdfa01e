using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Organizations;

/// <summary>Who has to use the organization's single sign-on, as one wants it.</summary>
public sealed record NewSsoEnforcement(SsoMode Mode)
{
    /// <summary>With <see cref="SsoMode.RequiredExceptRoles"/>, at least one.</summary>
    public IReadOnlyList<string> ExceptRoles { get; init; } = [];

    public int RolloutPercent { get; init; } = 100;

    public IReadOnlyList<string>? RolloutRoles { get; init; }

    /// <summary>Null leaves those who are named.</summary>
    public IReadOnlyList<Id<User>>? BreakGlass { get; init; }
}

/// <summary>Requires single sign-on of an organization's members, in stages, with a way in for named owners; and takes it back.</summary>
public sealed class SsoEnforcementService(IdpDbContext db, EventLog events, TimeProvider clock)
{
    public const int MaxReason = 500;

    /// <summary>Requiring it of anybody in another way than now needs a proven connection and a domain that is proven by DNS or by an operator.</summary>
    public Task<Result<Organization>> SetAsync(Id<Organization> id, NewSsoEnforcement wanted, Granter granter, int? expectedVersion, CancellationToken ct) =>
        db.ChangeAsync(
            id, expectedVersion, Saving.NoIndex, async organization =>
            {
                var settings = await ReadAsync(organization, wanted, ct);
                if (!settings.IsOk) return settings.Error;
                var (isRequired, limits) = (wanted.Mode != SsoMode.Optional, settings.Value);
                if (isRequired && (!organization.RequireSso || !limits.LimitsAs(organization.Sso)))
                {
                    var open = await db.CheckSsoGateAsync(id, granter, clock.GetUtcNow(), ct);
                    if (!open.IsOk) return open;
                }

                Apply(organization, isRequired, limits, null);
                return Result.Ok;
            }, ct);

    /// <summary>
    /// An operator lets everybody in again whom the organization's own rule locks out: nothing is required, and passwords are taken also where the domain leads to the connection. Limits and names stay, for
    /// when it is required again.
    /// </summary>
    /// <param name="reason">Kept in the event, and told to the owners; 1 to <see cref="MaxReason"/> characters.</param>
    /// <returns>What the rule was before.</returns>
    public async Task<Result<(Organization Organization, SsoMode Was)>> UnlockAsync(Id<Organization> id, string reason, CancellationToken ct)
    {
        if (reason.Trim().Length is 0 or > MaxReason || reason.Any(char.IsControl)) return OrganizationErrors.UnlockReasonInvalid;
        var was = SsoMode.Optional;
        var unlocked = await db.ChangeAsync(
            id, null, Saving.NoIndex, organization =>
            {
                was = organization.SsoMode;
                Apply(organization, false, organization.Sso with { UnlockedAt = clock.GetUtcNow() }, reason.Trim());
                return Task.FromResult(Result.Ok);
            }, ct);
        return unlocked.IsOk ? (unlocked.Value, was) : unlocked.Error;
    }

    private void Apply(Organization organization, bool isRequired, SsoEnforcement limits, string? reason)
    {
        var before = SsoGate.SsoFacts(organization);
        if (isRequired == organization.RequireSso && limits.LimitsAs(organization.Sso) && limits.BreakGlass.SequenceEqual(organization.Sso.BreakGlass) && limits.UnlockedAt == organization.Sso.UnlockedAt) return;
        organization.EnforceSso(isRequired, limits, clock.GetUtcNow());
        events.RecordSsoEnforcement(organization, before, reason);
    }

    private async Task<Result<SsoEnforcement>> ReadAsync(Organization organization, NewSsoEnforcement wanted, CancellationToken ct)
    {
        if (wanted.RolloutPercent is < 1 or > 100) return OrganizationErrors.RolloutInvalid;
        if (wanted.Mode != SsoMode.Optional && (wanted.Mode == SsoMode.RequiredExceptRoles) != (wanted.ExceptRoles.Count > 0)) return OrganizationErrors.ExceptRolesInvalid;
        var (except, first) = (wanted.ExceptRoles.Distinct(StringComparer.Ordinal).ToList(), wanted.RolloutRoles?.Distinct(StringComparer.Ordinal).ToList());
        if (except.Count > SsoEnforcement.MaxRoles || first is { Count: 0 or > SsoEnforcement.MaxRoles }) return OrganizationErrors.ExceptRolesInvalid;
        var known = await db.RolesAsync(organization.Id, except.Concat(first ?? []), ct);
        if (except.Concat(first ?? []).Any(key => !known.ContainsKey(key))) return OrganizationErrors.SsoRoleUnknown;
        if (except.Any(key => BuiltInRoles.IsPrivileged(known[key]))) return OrganizationErrors.SsoRolePrivileged;

        var named = wanted.BreakGlass?.Distinct().ToList() ?? organization.Sso.BreakGlass;
        if (wanted.BreakGlass is not null && (named.Count > SsoEnforcement.MaxBreakGlass || !await AreOwnersWithPasswordAsync(organization.Id, named, ct))) return OrganizationErrors.BreakGlassInvalid;
        return new SsoEnforcement { ExceptRoles = except, RolloutPercent = wanted.RolloutPercent, RolloutRoles = first, BreakGlass = named };
    }

    /// <summary>A name without a credential would be found to be of no use on the day it is needed.</summary>
    private async Task<bool> AreOwnersWithPasswordAsync(Id<Organization> organization, IReadOnlyList<Id<User>> users, CancellationToken ct)
    {
        if (users.Count == 0) return true;
        var owners = await db.OwnersOfAsync(organization, ct);
        if (!users.All(owners.Contains)) return false;
        var ids = users.ToArray();
        return await db.LocalCredentials.CountAsync(c => ids.Contains(c.UserId), ct) == ids.Length;
    }
}
