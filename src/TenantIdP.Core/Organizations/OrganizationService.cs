using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Organizations;

/// <param name="Slug">Made from the name when null.</param>
/// <param name="Owner">A user who becomes the first owner.</param>
public sealed record NewOrganization(string DisplayName, string? Slug = null, string? ExternalId = null, Id<User>? Owner = null)
{
    /// <summary>Of the first owner, in place of <see cref="Owner"/>: whoever has verified it, or else an invitation is sent to it.</summary>
    public string? OwnerEmail { get; init; }

    /// <summary>Hosts that it claims at once, as people paste them.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    public JsonElement? Metadata { get; init; }
}

/// <summary>A merge patch of an organization.</summary>
public sealed record OrganizationChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<string> Slug { get; init; }
    public Patch<string> ExternalId { get; init; }

    /// <summary>Merged (RFC 7396); null in place of the object deletes all.</summary>
    public Patch<JsonElement> Metadata { get; init; }

    /// <summary>Members get tokens only with a proof from one of the organization's own connections.</summary>
    public Patch<bool> RequireSso { get; init; }

    /// <summary>A member's proof from their home organization's connection counts here too.</summary>
    public Patch<bool> AcceptHomeSso { get; init; }

    /// <summary>How many active and pending members it may have; null: any number.</summary>
    public Patch<int?> MemberLimit { get; init; }

    /// <summary>Its members are in no other organization.</summary>
    public Patch<bool> ExclusiveMembership { get; init; }

    /// <summary>Which addresses people join with: any, those of verified domains, or those of <see cref="MembershipDomainList"/>.</summary>
    public Patch<MembershipDomains> MembershipDomains { get; init; }

    /// <summary>At most 100 hosts, exactly these; goes when the mode is no longer list.</summary>
    public Patch<IReadOnlyList<string>> MembershipDomainList { get; init; }

    /// <summary>Where a directory gives a member roles, people don't.</summary>
    public Patch<bool> DirectoryAuthoritative { get; init; }

    /// <summary>Who opens an invitation and has another address may ask the inviter to be let in with that one.</summary>
    public Patch<bool> AllowDifferentEmail { get; init; }
}

/// <summary>What a new organization may begin with.</summary>
public sealed record OrganizationBeginnings(DomainService Domains, InvitationIssue Invitations);

/// <summary>Creates, finds and changes organizations. Each one is its own tenant scope, which the methods enter for what they write.</summary>
public sealed class OrganizationService(IdpDbContext db, JoinRules joins, OrganizationBeginnings beginnings, EventLog events, IGrantRevoker grants, TimeProvider clock)
{
    private const int SlugTries = 5;

    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_organizations_slug"] = OrganizationErrors.SlugTaken,
        ["pk_organization_slugs"] = OrganizationErrors.SlugTaken,
        ["ux_organizations_external_id"] = OrganizationErrors.ExternalIdTaken,
    };

    public async Task<Result<Organization>> CreateAsync(NewOrganization wanted, CancellationToken ct)
    {
        Slug slug = default;
        if (wanted.Slug is not null && !Slug.TryParse(wanted.Slug, out slug)) return OrganizationErrors.SlugInvalid;
        var name = DisplayName.Check(wanted.DisplayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (wanted.Slug is null) slug = Slug.From(name.Value);

        if (wanted.OwnerEmail is { } email)
        {
            if (!EmailAddress.TryParse(email, out var address)) return UserErrors.EmailInvalid with { Field = "owner.email" };
            if (await db.UserEmails.Where(e => e.Normalized == address.Normalized && e.VerifiedAt != null).Select(e => (Id<User>?)e.UserId).SingleOrDefaultAsync(ct) is { } found) wanted = wanted with { Owner = found, OwnerEmail = null };
        }

        if (wanted.Owner is { } owner && !await db.Users.AnyAsync(u => u.Id == owner && u.Status == UserStatus.Active, ct)) return OrganizationErrors.OwnerUnknown;

        for (var attempt = 1; ; attempt++)
        {
            var created = await CreateOnceAsync(wanted, slug, ct);
            if (wanted.Slug is not null || created.Error?.Code != OrganizationErrors.SlugTaken.Code || attempt == SlugTries) return created;
            slug = slug.WithSuffix();
        }
    }

    /// <summary>
    /// Makes the organization with this id of the application be so: created when there is none, otherwise name and slug are set and metadata is merged. What is left out stays;
    /// an owner and domains are for a new one. The same request again changes nothing.
    /// </summary>
    public async Task<Result<(Organization Organization, bool Created)>> UpsertAsync(string externalId, NewOrganization wanted, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var found = await db.Organizations.Where(o => o.ExternalId == externalId).Select(o => (Id<Organization>?)o.Id).SingleOrDefaultAsync(ct);
            if (found is { } id)
            {
                var changes = new OrganizationChanges
                {
                    DisplayName = wanted.DisplayName, Slug = wanted.Slug is { } slug ? slug : default(Patch<string>), Metadata = wanted.Metadata is { } metadata ? metadata : default(Patch<JsonElement>),
                };
                var changed = await UpdateAsync(id, changes, Granter.Instance, null, ct);
                return changed.IsOk ? (changed.Value, false) : changed.Error;
            }

            var created = await CreateAsync(wanted with { ExternalId = externalId }, ct);
            if (created.IsOk) return (created.Value, true);
            // Of two first ones at once, the second finds what the first has made.
            if (created.Error.Code != OrganizationErrors.ExternalIdTaken.Code || attempt == 3) return created.Error;
        }
    }

    /// <summary>Says which organization it is that has the slug or the external id already; for a caller who may read them all.</summary>
    public async Task<Error> NamingExistingAsync(Error refused, string? slug, string? externalId, CancellationToken ct)
    {
        var found = refused.Code == OrganizationErrors.SlugTaken.Code && slug is not null ? await FindBySlugAsync(slug, ct)
            : refused.Code == OrganizationErrors.ExternalIdTaken.Code && externalId is not null ? await FindByExternalIdAsync(externalId, ct)
            : refused;
        return found.IsOk ? refused with { ExistingId = found.Value.Id.ToString() } : refused;
    }

    public async Task<Result<Organization>> FindAsync(Id<Organization> id, CancellationToken ct) =>
        await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == id, ct) is { } found ? found : OrganizationErrors.NotFound;

    /// <summary>By its slug, or by one that it had until not long ago.</summary>
    public async Task<Result<Organization>> FindBySlugAsync(string slug, CancellationToken ct)
    {
        if (!Slug.TryParse(slug, out var parsed)) return OrganizationErrors.NotFound;
        if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Slug == parsed, ct) is { } found) return found;
        return await db.FormerOwnerAsync(parsed, clock.GetUtcNow(), ct) is { } id ? await FindAsync(id, ct) : OrganizationErrors.NotFound;
    }

    public async Task<Result<Organization>> FindByExternalIdAsync(string externalId, CancellationToken ct) =>
        await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.ExternalId == externalId, ct) is { } found ? found : OrganizationErrors.NotFound;

    public Task<Result<Organization>> UpdateAsync(Id<Organization> id, OrganizationChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        ChangeAsync(id, expectedVersion, EventTypes.OrganizationUpdated, organization => ApplyAsync(organization, changes, granter, ct), ct);

    /// <summary>Ends every sign-in, refresh and mint of the organization: each of them reads the status.</summary>
    public Task<Result<Organization>> SuspendAsync(Id<Organization> id, CancellationToken ct) =>
        ChangeAsync(
            id, null, EventTypes.OrganizationSuspended, async organization =>
            {
                var wasSuspended = organization.Status == OrganizationStatus.Suspended;
                var suspended = organization.Suspend(clock.GetUtcNow());
                if (suspended.IsOk && !wasSuspended) await grants.TellOrganizationAsync(id, ct);
                return suspended;
            }, ct);

    public Task<Result<Organization>> ResumeAsync(Id<Organization> id, CancellationToken ct) =>
        ChangeAsync(id, null, EventTypes.OrganizationResumed, organization => Task.FromResult(organization.Resume(clock.GetUtcNow())), ct);

    private async Task<Result<Organization>> CreateOnceAsync(NewOrganization wanted, Slug slug, CancellationToken ct)
    {
        var created = await db.InTransactionAsync(() => CreateInTransactionAsync(wanted, slug, ct), ct);
        if (!created.IsOk) db.ChangeTracker.Clear();
        return created;
    }

    private async Task<Result<Organization>> CreateInTransactionAsync(NewOrganization wanted, Slug slug, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var made = Organization.Create(wanted.DisplayName, slug, wanted.ExternalId, now);
        if (!made.IsOk) return made.Error;
        var organization = made.Value;
        if (wanted.Metadata is { } given)
        {
            var metadata = Metadata.Empty.Merge(given);
            if (!metadata.IsOk) return metadata.Error;
            organization.ChangeMetadata(metadata.Value, now);
        }

        db.EnterOrganization(organization.Id);
        db.Organizations.Add(organization);
        var taken = await db.TakeSlugAsync(organization.Id, null, slug, Unique, now, ct);
        if (!taken.IsOk) return taken.Error;
        events.Record(EventTypes.OrganizationCreated, organization.Id, organization.Id.ToString(), new { slug = organization.Slug.Value, organization.DisplayName });
        var saved = await db.TrySaveAsync(Unique, ct);
        if (!saved.IsOk) return saved.Error;
        if (wanted.Owner is { } owner && await AddOwnerAsync(organization.Id, owner, now, ct) is { IsOk: false, Error: { } refused }) return refused;
        if (wanted is { Owner: null, OwnerEmail: { } invited } && await beginnings.Invitations.FirstOwnerAsync(organization.Id, EmailAddress.Parse(invited), ct) is { IsOk: false, Error: { } uninvited }) return uninvited;
        foreach (var host in wanted.Domains)
        {
            var claimed = await beginnings.Domains.ClaimAsync(organization.Id, host, includeSubdomains: false, ct);
            if (!claimed.IsOk) return claimed.Error with { Field = "domains" };
        }

        saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? organization : saved.Error;
    }

    private async Task<Result> AddOwnerAsync(Id<Organization> organization, Id<User> owner, DateTimeOffset now, CancellationToken ct)
    {
        if (!await db.LockAsync(owner, ct) || !await db.Users.AnyAsync(u => u.Id == owner && u.Status == UserStatus.Active, ct)) return OrganizationErrors.OwnerUnknown;
        var allowed = await joins.CheckAsync(organization, owner, ct);
        if (!allowed.IsOk) return allowed;
        var role = await db.Roles.SingleAsync(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Owner, ct);
        var membership = Membership.Join(organization, owner, now);
        membership.Grant(role, RoleSource.Api, "", now);
        db.Memberships.Add(membership);
        events.Record(EventTypes.MemberJoined, organization, membership.Id.ToString(), new { userId = owner, by = "api", roles = new[] { role.Key } });
        return Result.Ok;
    }

    private Task<Result<Organization>> ChangeAsync(Id<Organization> id, int? expectedVersion, string type, Func<Organization, Task<Result>> change, CancellationToken ct) =>
        db.ChangeAsync(
            id, expectedVersion, Unique, async organization =>
            {
                var before = EventLog.FactsOf(Facts(organization));
                var changed = await change(organization);
                if (!changed.IsOk) return changed;
                if (JsonNode.DeepEquals(before, EventLog.FactsOf(Facts(organization)))) db.Entry(organization).State = EntityState.Unchanged;
                else events.RecordChange(type, id, id.ToString(), before, Facts(organization));
                return Result.Ok;
            }, ct);

    // Metadata is the application's and may hold anything: an event says that it changed, not to what.
    private static object Facts(Organization o) => new
    {
        o.DisplayName, slug = o.Slug.Value, o.ExternalId, o.Status, o.RequireSso, o.AcceptHomeSso, o.MemberLimit, exclusiveMembership = o.ExclusiveMembership ? true : (bool?)null,
        directoryAuthoritative = o.DirectoryAuthoritative ? true : (bool?)null, allowDifferentEmail = o.AllowDifferentEmail ? true : (bool?)null,
        membershipDomains = o.MembershipDomains == MembershipDomains.Any ? null : (MembershipDomains?)o.MembershipDomains, membershipDomainList = o.MembershipDomainList.Count == 0 ? null : o.MembershipDomainList,
        metadata = o.Metadata == Metadata.Empty ? null : Fingerprint.Of(o.Metadata.Json),
    };

    private async Task<Result> ApplyAsync(Organization organization, OrganizationChanges changes, Granter granter, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (changes.DisplayName.IsPresent && organization.Rename(changes.DisplayName.Value ?? "", now) is { IsOk: false, Error: { } badName }) return badName;
        if (changes.ExternalId.IsPresent && organization.ChangeExternalId(changes.ExternalId.Value, now) is { IsOk: false, Error: { } badId }) return badId;
        if (changes.Metadata.IsPresent)
        {
            var merged = organization.Metadata.Merge(changes.Metadata.Value);
            if (!merged.IsOk) return merged.Error;
            if (merged.Value != organization.Metadata) organization.ChangeMetadata(merged.Value, now);
        }

        if (changes.Slug.IsPresent)
        {
            if (!Slug.TryParse(changes.Slug.Value, out var slug)) return OrganizationErrors.SlugInvalid;
            if (slug != organization.Slug)
            {
                var old = organization.Slug;
                organization.ChangeSlug(slug, now);
                var taken = await db.TakeSlugAsync(organization.Id, old, slug, Unique, now, ct);
                if (!taken.IsOk) return taken;
            }
        }

        if (changes.MemberLimit.IsPresent && organization.LimitMembers(changes.MemberLimit.Value, now) is { IsOk: false, Error: { } badLimit }) return badLimit;
        if (changes.ExclusiveMembership.IsPresent)
        {
            if (changes.ExclusiveMembership.Value && !organization.ExclusiveMembership)
            {
                await db.LockMembersAsync(organization.Id, ct); // none of them joins another organization meanwhile
                if (await joins.AnyElsewhereAsync(organization.Id, ct)) return OrganizationErrors.MembersElsewhere;
            }

            organization.SetExclusive(changes.ExclusiveMembership.Value, now);
        }

        if ((changes.MembershipDomains.IsPresent || changes.MembershipDomainList.IsPresent)
            && organization.RestrictMembers(changes.MembershipDomains.Or(organization.MembershipDomains), changes.MembershipDomainList.IsPresent ? changes.MembershipDomainList.Value ?? [] : null, now) is { IsOk: false, Error: { } badDomains })
            return badDomains;
        if (changes.AllowDifferentEmail.IsPresent) organization.SetAllowDifferentEmail(changes.AllowDifferentEmail.Value, now);
        if (changes.DirectoryAuthoritative.IsPresent) organization.SetDirectoryAuthoritative(changes.DirectoryAuthoritative.Value, now);

        if (!changes.RequireSso.IsPresent && !changes.AcceptHomeSso.IsPresent) return Result.Ok;
        var requireSso = changes.RequireSso.Or(organization.RequireSso);
        if (requireSso && !organization.RequireSso && await db.CheckSsoGateAsync(organization.Id, granter, now, ct) is { IsOk: false, Error: { } closed }) return closed;
        var (wasRequired, before) = (organization.RequireSso, SsoGate.SsoFacts(organization));
        organization.SetPolicy(requireSso, changes.AcceptHomeSso.Or(organization.AcceptHomeSso), now);
        if (requireSso != wasRequired) events.RecordSsoEnforcement(organization, before);
        return Result.Ok;
    }
}
