using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>How one vendor's directory says the same things: finding, making, changing, ending.</summary>
internal abstract class ScimDialect
{
    protected const string CoreUser = "urn:ietf:params:scim:schemas:core:2.0:User";
    protected const string CoreGroup = "urn:ietf:params:scim:schemas:core:2.0:Group";
    protected const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    private const string PatchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

    public static IReadOnlyList<ScimDialect> All { get; } = [new OktaDialect(), new EntraDialect()];

    /// <summary>In forms.</summary>
    public abstract string Key { get; }

    public abstract string Name { get; }

    /// <summary>What is peculiar to it.</summary>
    public abstract string About { get; }

    public abstract string ContentType { get; }

    public static ScimDialect? Find(string? key) => All.FirstOrDefault(d => d.Key == key);

    public abstract ScimRequest Match(SourcePerson person);

    public abstract ScimRequest Create(SourcePerson person);

    /// <summary>What the application must have of somebody; no change is sent when it has.</summary>
    public abstract JsonObject Wanted(SourcePerson person);

    /// <summary>Makes an account what <see cref="Wanted"/> says, an inactive one active again.</summary>
    public abstract ScimRequest Update(string id, SourcePerson person);

    public abstract ScimRequest Deactivate(string id, SourcePerson person);

    /// <param name="idOf">The application's id of a person; null of one it does not have.</param>
    /// <returns>None where the dialect does not tell who leads whom.</returns>
    public virtual ScimRequest? Manager(string id, SourcePerson person, Func<string, string?> idOf, JsonObject? known) => null;

    public abstract ScimRequest MatchGroup(SourceGroup group);

    /// <param name="members">Application's id and address of each.</param>
    public abstract ScimRequest CreateGroup(SourceGroup group, IReadOnlyList<GroupMember> members);

    /// <summary>Whether members still have to be sent to a group that was just made.</summary>
    public abstract bool MakesGroupsEmpty { get; }

    /// <summary>All members of a group that is there.</summary>
    public abstract ScimRequest Fill(string groupId, SourceGroup group, IReadOnlyList<GroupMember> members);

    public abstract ScimRequest Add(string groupId, SourceGroup group, GroupMember member);

    public abstract ScimRequest Remove(string groupId, SourceGroup group, GroupMember member);

    protected static JsonObject Patch(params JsonNode[] operations) => new() { ["schemas"] = new JsonArray(PatchOp), ["Operations"] = new JsonArray([.. operations]) };

    protected static JsonArray WorkAddress(SourcePerson person) => [new JsonObject { ["primary"] = true, ["type"] = "work", ["value"] = person.Email }];
}

/// <summary>A person as a group names them.</summary>
internal sealed record GroupMember(string Id, string Email);
