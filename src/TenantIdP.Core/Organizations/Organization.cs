using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Organizations;

public enum OrganizationStatus
{
    Active,
    Suspended,
    Deleting,
}

/// <summary>Whom an organization takes, by the domain of a verified address.</summary>
public enum MembershipDomains
{
    Any,

    /// <summary>Those of domains that it has verified.</summary>
    VerifiedOnly,

    /// <summary>Those of the hosts that it names.</summary>
    List,
}

/// <summary>A customer of the application: the boundary of members, domains, connections, roles and policy.</summary>
public sealed class Organization : IHasIdPrefix, IVersioned
{
    public const int MaxMembershipDomains = 100;

    /// <summary>Owner of the rows that belong to the whole instance (built-in roles, operator events). Never a customer.</summary>
    public static readonly Id<Organization> Instance;

    private Organization(Id<Organization> id, string displayName, Slug slug, string? externalId, DateTimeOffset createdAt) =>
        (Id, DisplayName, NameKey, Slug, ExternalId, CreatedAt, UpdatedAt) = (id, displayName, TextKey.Of(displayName), slug, externalId, createdAt, createdAt);

    public static string IdPrefix => "org";

    public Id<Organization> Id { get; private set; }
    public string DisplayName { get; private set; }

    /// <summary>What lists sort and search by: <see cref="TextKey"/> of the name. Empty in a row of an earlier version until <see cref="OrganizationNameKeys"/> has seen it.</summary>
    public string NameKey { get; private set; }

    public Slug Slug { get; private set; }

    /// <summary>The application's own id of this customer, unique in the instance.</summary>
    public string? ExternalId { get; private set; }

    public OrganizationStatus Status { get; private set; }

    /// <summary>Members get tokens only with a proof from one of this organization's own active connections.</summary>
    public bool RequireSso { get; private set; }

    /// <summary>Whom that spares, until when, and who may come in past it.</summary>
    public SsoEnforcement Sso { get; private set; } = SsoEnforcement.OfEverybody;

    public SsoMode SsoMode => !RequireSso ? SsoMode.Optional : Sso.ExceptRoles.Count == 0 ? SsoMode.Required : SsoMode.RequiredExceptRoles;

    /// <summary>A member's proof from their home organization's connection counts here too (home: holds the domain of their primary email by DNS).</summary>
    public bool AcceptHomeSso { get; private set; } = true;

    /// <summary>How many active and pending members it may have; null: any number. Members above a lowered limit stay.</summary>
    public int? MemberLimit { get; private set; }

    /// <summary>Its members are in no other organization.</summary>
    public bool ExclusiveMembership { get; private set; }

    /// <summary>Which addresses people join with, whichever way they come. Who is in already stays.</summary>
    public MembershipDomains MembershipDomains { get; private set; }

    /// <summary>The hosts of <see cref="MembershipDomains.List"/>, exactly these, as A-labels in their order; empty otherwise.</summary>
    public IReadOnlyList<string> MembershipDomainList { get; private set; } = [];

    /// <summary>Where a directory gives a member roles, people don't: it alone decides about them, except that an owner can be made when there is no other.</summary>
    public bool DirectoryAuthoritative { get; private set; }

    /// <summary>Since when it has no owner, because its directory has ended the last one; null once somebody is one again.</summary>
    public DateTimeOffset? OwnerlessSince { get; private set; }

    /// <summary>Who opens an invitation and has another address may ask the inviter to be let in with that one.</summary>
    public bool AllowDifferentEmail { get; private set; }

    /// <summary>Which roles of the instance it may use; null: all of them.</summary>
    public Id<RoleSet>? RoleSetId { get; private set; }

    /// <summary>Counts the changes of the member list that must not race: updated first in a transaction, it is the lock on both stores.</summary>
    public int MembersRevision { get; private set; }

    /// <summary>What the application keeps with its customer; never read by us.</summary>
    public Metadata Metadata { get; private set; } = Metadata.Empty;

    /// <summary>When everything of it is deleted for good; null unless it is being deleted.</summary>
    public DateTimeOffset? PurgeAfter { get; private set; }

    /// <summary>What a restore leads back to.</summary>
    public bool WasSuspended { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public static Result<Organization> Create(string displayName, Slug slug, string? externalId, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (CheckExternalId(externalId) is { } error) return error;
        return new Organization(Id<Organization>.New(now), name.Value, slug, externalId, now);
    }

    public Result Rename(string displayName, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        (DisplayName, NameKey, UpdatedAt) = (name.Value, TextKey.Of(name.Value), now);
        return Result.Ok;
    }

    public void ChangeSlug(Slug slug, DateTimeOffset now) => (Slug, UpdatedAt) = (slug, now);

    public Result ChangeExternalId(string? externalId, DateTimeOffset now)
    {
        if (CheckExternalId(externalId) is { } error) return error;
        (ExternalId, UpdatedAt) = (externalId, now);
        return Result.Ok;
    }

    public void ChangeMetadata(Metadata metadata, DateTimeOffset now) => (Metadata, UpdatedAt) = (metadata, now);

    /// <summary>Switched on by this, single sign-on is required of everybody; those who are named for break-glass stay named.</summary>
    public void SetPolicy(bool requireSso, bool acceptHomeSso, DateTimeOffset now)
    {
        if (requireSso && !RequireSso) Sso = SsoEnforcement.OfEverybody with { BreakGlass = Sso.BreakGlass };
        (RequireSso, AcceptHomeSso, UpdatedAt) = (requireSso, acceptHomeSso, now);
    }

    internal void EnforceSso(bool required, SsoEnforcement limits, DateTimeOffset now) => (RequireSso, Sso, UpdatedAt) = (required, limits, now);

    public Result LimitMembers(int? limit, DateTimeOffset now)
    {
        if (limit is < 1 or > 10_000_000) return OrganizationErrors.MemberLimitInvalid;
        (MemberLimit, UpdatedAt) = (limit, now);
        return Result.Ok;
    }

    public void SetExclusive(bool exclusive, DateTimeOffset now) => (ExclusiveMembership, UpdatedAt) = (exclusive, now);

    /// <param name="hosts">As people paste them; null keeps those that there are.</param>
    public Result RestrictMembers(MembershipDomains mode, IReadOnlyList<string>? hosts, DateTimeOffset now)
    {
        var list = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var pasted in mode == MembershipDomains.List ? hosts ?? MembershipDomainList : hosts ?? [])
        {
            if (!HostName.TryParsePasted(pasted, out var host)) return OrganizationErrors.MembershipDomainsInvalid;
            list.Add(host.Value);
        }

        if (list.Count > MaxMembershipDomains || (mode == MembershipDomains.List) != list.Count > 0) return OrganizationErrors.MembershipDomainsInvalid;
        if (mode == MembershipDomains && list.SequenceEqual(MembershipDomainList)) return Result.Ok;
        (MembershipDomains, MembershipDomainList, UpdatedAt) = (mode, [.. list], now);
        return Result.Ok;
    }

    public void SetDirectoryAuthoritative(bool authoritative, DateTimeOffset now) => (DirectoryAuthoritative, UpdatedAt) = (authoritative, now);

    internal void MarkOwnerless(DateTimeOffset now) => (OwnerlessSince, UpdatedAt) = (now, now);

    internal void FindOwner(DateTimeOffset now) => (OwnerlessSince, UpdatedAt) = (null, now);

    public void SetAllowDifferentEmail(bool allow, DateTimeOffset now) => (AllowDifferentEmail, UpdatedAt) = (allow, now);

    internal void UseRoleSet(Id<RoleSet>? set, DateTimeOffset now) => (RoleSetId, UpdatedAt) = (set, now);

    internal void FillNameKey() => NameKey = TextKey.Of(DisplayName);

    public Result Suspend(DateTimeOffset now)
    {
        if (Status == OrganizationStatus.Deleting) return OrganizationErrors.Deleting;
        (Status, UpdatedAt) = (OrganizationStatus.Suspended, now);
        return Result.Ok;
    }

    public Result Resume(DateTimeOffset now)
    {
        if (Status == OrganizationStatus.Deleting) return OrganizationErrors.Deleting;
        (Status, UpdatedAt) = (OrganizationStatus.Active, now);
        return Result.Ok;
    }

    /// <summary>The first phase: nobody gets in, nothing is lost.</summary>
    public Result Delete(TimeSpan kept, DateTimeOffset now)
    {
        if (Status == OrganizationStatus.Deleting) return OrganizationErrors.Deleting;
        (WasSuspended, Status, PurgeAfter, UpdatedAt) = (Status == OrganizationStatus.Suspended, OrganizationStatus.Deleting, now + kept, now);
        return Result.Ok;
    }

    public Result Restore(DateTimeOffset now)
    {
        if (Status != OrganizationStatus.Deleting) return OrganizationErrors.NotDeleting;
        (Status, WasSuspended, PurgeAfter, UpdatedAt) = (WasSuspended ? OrganizationStatus.Suspended : OrganizationStatus.Active, false, null, now);
        return Result.Ok;
    }

    private static Error? CheckExternalId(string? externalId) =>
        externalId is not null && (externalId.Length is 0 or > 200 || externalId.Any(char.IsControl)) ? OrganizationErrors.ExternalIdInvalid : null;
}
