using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>
/// A user as one directory describes them (RFC 7643 4.1). Who it is in the organization is the membership; the resource itself is kept as the directory sent it. After a deletion the
/// row stays as a tombstone, without the resource: names and addresses are how the same person is known again.
/// </summary>
public sealed class DirectoryUser : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private readonly List<DirectoryUserEmail> emails = [];

    private DirectoryUser(Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryUser> id, Id<Membership> membershipId, Id<User> userId, string userName, string userNameKey, string document, DateTimeOffset createdAt) =>
        (OrganizationId, DirectoryId, Id, MembershipId, UserId, UserName, UserNameKey, Document, CreatedAt, UpdatedAt) = (organizationId, directoryId, id, membershipId, userId, userName, userNameKey, document, createdAt, createdAt);

    public static string IdPrefix => "dus";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDirectory> DirectoryId { get; private set; }
    public Id<DirectoryUser> Id { get; private set; }

    /// <summary>The person in the organization. When that membership is erased, so is this.</summary>
    public Id<Membership> MembershipId { get; private set; }

    /// <summary>The membership's.</summary>
    public Id<User> UserId { get; private set; }

    public string UserName { get; private set; }

    /// <summary><see cref="DirectoryKey"/> of the name: unique among those of the directory that are not deleted.</summary>
    public string UserNameKey { get; private set; }

    /// <summary>The directory's own id, compared letter by letter. Never one of ours.</summary>
    public string? ExternalId { get; private set; }

    /// <summary>What the directory says; an admin may have ended the membership all the same.</summary>
    public bool Active { get; private set; }

    /// <summary>The address that counts, as it was sent; null when there is none that is one.</summary>
    public string? PrimaryEmail { get; private set; }

    /// <summary>Its normalised form.</summary>
    public string? PrimaryEmailKey { get; private set; }

    public string? DisplayName { get; private set; }
    public string? GivenName { get; private set; }
    public string? FamilyName { get; private set; }

    /// <summary>The resource as JSON, without <c>id</c>, <c>meta</c>, <c>groups</c> and secrets; empty in a tombstone.</summary>
    public string Document { get; private set; }

    /// <summary>The membership was pending when the directory ended it, and is again when it comes back: nobody has consented meanwhile.</summary>
    public bool WasPending { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Null unless it is a tombstone.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    public int Version { get; private set; }

    /// <summary>Every address, to be searched for.</summary>
    public IReadOnlyList<DirectoryUserEmail> Emails => emails;

    public bool IsLive => DeletedAt is null;

    /// <summary>Neither deactivated nor deleted by the directory.</summary>
    public bool Stands => Active && IsLive;

    public static DirectoryUser Create(OrganizationDirectory directory, Membership membership, DirectoryUserFacts facts, DateTimeOffset now)
    {
        var user = new DirectoryUser(directory.OrganizationId, directory.Id, Id<DirectoryUser>.New(now), membership.Id, membership.UserId, facts.UserName, DirectoryKey.Of(facts.UserName), facts.Document, now);
        user.Describe(facts, now);
        return user;
    }

    /// <summary>Becomes what the directory says now.</summary>
    public void Describe(DirectoryUserFacts facts, DateTimeOffset now)
    {
        (UserName, UserNameKey, ExternalId, Active, Document) = (facts.UserName, DirectoryKey.Of(facts.UserName), facts.ExternalId, facts.Active, facts.Document);
        (PrimaryEmail, PrimaryEmailKey, UpdatedAt) = (facts.Address?.Value, facts.Address?.Normalized, now);
        (DisplayName, GivenName, FamilyName) = (facts.Name.Display, facts.Name.Given, facts.Name.Family);
        var keys = facts.Emails.Where(e => e.Length is > 0 and <= DirectoryUserFacts.MaxEmailLength).Select(DirectoryKey.Of).ToHashSet(StringComparer.Ordinal);
        emails.RemoveAll(e => !keys.Contains(e.ValueKey));
        emails.AddRange(keys.Where(key => !emails.Exists(e => e.ValueKey == key)).Select(key => new DirectoryUserEmail(OrganizationId, Id, key)));
    }

    public void NotePending(bool pending) => WasPending = pending;

    /// <summary>What is left is by what the person is known again, so that no other way in brings them back.</summary>
    public void Delete(DateTimeOffset now) => (Active, DisplayName, GivenName, FamilyName, Document, DeletedAt, UpdatedAt) = (false, null, null, null, "", now, now);

    /// <summary>A tombstone is a user again.</summary>
    internal void Restore() => DeletedAt = null;

    /// <summary>Two accounts of the person have become one.</summary>
    internal void MoveTo(Membership membership, Id<User> user) => (MembershipId, UserId) = (membership.Id, user);
}

/// <summary>One address of a user of a directory, in the form in which it is compared.</summary>
public sealed class DirectoryUserEmail : IOrganizationOwned
{
    internal DirectoryUserEmail(Id<Organization> organizationId, Id<DirectoryUser> directoryUserId, string valueKey) => (OrganizationId, DirectoryUserId, ValueKey) = (organizationId, directoryUserId, valueKey);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<DirectoryUser> DirectoryUserId { get; private set; }

    /// <summary><see cref="DirectoryKey"/> of the value.</summary>
    public string ValueKey { get; private set; }
}

/// <summary>Text of a directory in the form in which an index finds it: equal exactly where SCIM's comparison without case says so (RFC 7643 2.2).</summary>
public static class DirectoryKey
{
    public static string Of(string text) => text.ToUpperInvariant();
}
