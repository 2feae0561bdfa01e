using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>
/// Microsoft Entra's provisioning without its compliance flag: operations with capitals, booleans as texts, both schemas always, groups made empty and filled afterwards, and
/// managers once all people are there.
/// </summary>
internal sealed class EntraDialect : ScimDialect
{
    private const string MicrosoftGroup = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

    public override string Key => "entra";

    public override string Name => "Microsoft Entra ID";

    public override string About => "Operations with capitals, \"False\" as a text, empty groups filled afterwards";

    public override string ContentType => "application/scim+json; charset=utf-8";

    public override bool MakesGroupsEmpty => true;

    public override ScimRequest Match(SourcePerson person) => new($"Is {person.Name} known?", HttpMethod.Get, $"/Users?filter=userName eq \"{person.Email}\"");

    public override ScimRequest Create(SourcePerson person)
    {
        var body = Wanted(person);
        (body["schemas"], body["meta"], body["roles"]) = (new JsonArray(CoreUser, Enterprise), new JsonObject { ["resourceType"] = "User" }, new JsonArray());
        return new($"Make {person.Name}", HttpMethod.Post, "/Users", body);
    }

    public override JsonObject Wanted(SourcePerson person) => new()
    {
        ["externalId"] = person.Key,
        ["userName"] = person.Email,
        ["active"] = true,
        ["displayName"] = person.Name,
        ["title"] = person.Title,
        ["preferredLanguage"] = person.Language,
        ["emails"] = WorkAddress(person),
        ["name"] = new JsonObject { ["formatted"] = person.Name, ["familyName"] = person.FamilyName, ["givenName"] = person.GivenName },
    };

    public override ScimRequest Update(string id, SourcePerson person) => new($"Change {person.Name}", HttpMethod.Patch, $"/Users/{id}", Patch(
        Replace("active", "True"), Replace("externalId", person.Key), Replace("displayName", person.Name), Replace("title", person.Title), Replace("preferredLanguage", person.Language),
        Replace("emails[type eq \"work\"].value", person.Email),
        Replace("name.formatted", person.Name), Replace("name.familyName", person.FamilyName), Replace("name.givenName", person.GivenName)));

    public override ScimRequest Deactivate(string id, SourcePerson person) => new($"Disable {person.Name}", HttpMethod.Patch, $"/Users/{id}", Patch(Replace("active", "False")));

    public override ScimRequest? Manager(string id, SourcePerson person, Func<string, string?> idOf, JsonObject? known)
    {
        if (person.ManagerKey is not { } key || idOf(key) is not { } manager || (string?)known?[Enterprise]?["manager"]?["value"] == manager) return null;
        return new($"Who leads {person.Name}?", HttpMethod.Patch, $"/Users/{id}", Patch(new JsonObject { ["op"] = "Add", ["path"] = $"{Enterprise}:manager", ["value"] = manager }));
    }

    public override ScimRequest MatchGroup(SourceGroup group) =>
        new($"Is there a group {group.Name}?", HttpMethod.Get, $"/Groups?excludedAttributes=members&filter=displayName eq \"{group.Name}\"");

    public override ScimRequest CreateGroup(SourceGroup group, IReadOnlyList<GroupMember> members) => new($"Make the group {group.Name}", HttpMethod.Post, "/Groups", new JsonObject
    {
        ["schemas"] = new JsonArray(CoreGroup, MicrosoftGroup), ["externalId"] = $"acme-{group.Name}", ["displayName"] = group.Name, ["meta"] = new JsonObject { ["resourceType"] = "Group" },
    });

    public override ScimRequest Fill(string groupId, SourceGroup group, IReadOnlyList<GroupMember> members) =>
        new($"Add the members of {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(Members("Add", members)));

    public override ScimRequest Add(string groupId, SourceGroup group, GroupMember member) => new($"Add {member.Email} to {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(Members("Add", [member])));

    public override ScimRequest Remove(string groupId, SourceGroup group, GroupMember member) =>
        new($"Remove {member.Email} from {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(Members("Remove", [member])));

    private static JsonObject Replace(string path, string value) => new() { ["op"] = "Replace", ["path"] = path, ["value"] = value };

    private static JsonObject Members(string op, IReadOnlyList<GroupMember> members) => new()
    {
        ["op"] = op, ["path"] = "members", ["value"] = new JsonArray([.. members.Select(m => new JsonObject { ["$ref"] = null, ["value"] = m.Id })]),
    };
}
