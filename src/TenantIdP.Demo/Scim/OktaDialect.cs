using System.Globalization;
using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>
/// An app of Okta's catalogue: a profile is put whole, somebody is deactivated by a PATCH without a path and never deleted, whoever is found inactive is put back, and a pushed
/// group brings its members along.
/// </summary>
internal sealed class OktaDialect : ScimDialect
{
    public override string Key => "okta";

    public override string Name => "Okta";

    public override string About => "PUT for profiles, PATCH without a path to deactivate, groups with their members";

    public override string ContentType => "application/scim+json; charset=utf-8";

    public override bool MakesGroupsEmpty => false;

    public override ScimRequest Match(SourcePerson person) =>
        new($"Is {person.Name} known?", HttpMethod.Get, $"/Users?filter=userName eq \"{person.Email}\"&startIndex=1&count=100");

    public override ScimRequest Create(SourcePerson person)
    {
        var body = Wanted(person);
        // Okta sends a random one where passwords are not synchronised.
        (body["password"], body["groups"]) = ("Kd8-unused-and-dropped", new JsonArray());
        return new($"Make {person.Name}", HttpMethod.Post, "/Users", body);
    }

    public override JsonObject Wanted(SourcePerson person) => new()
    {
        ["schemas"] = new JsonArray(CoreUser),
        ["userName"] = person.Email,
        ["name"] = new JsonObject { ["givenName"] = person.GivenName, ["familyName"] = person.FamilyName },
        ["emails"] = WorkAddress(person),
        ["displayName"] = person.Name,
        ["title"] = person.Title,
        ["locale"] = person.Language,
        ["externalId"] = ExternalId(person),
        ["active"] = true,
    };

    public override ScimRequest Update(string id, SourcePerson person)
    {
        var body = Wanted(person);
        body["id"] = id;
        return new($"Put the profile of {person.Name}", HttpMethod.Put, $"/Users/{id}", body);
    }

    public override ScimRequest Deactivate(string id, SourcePerson person) =>
        new($"Deactivate {person.Name}", HttpMethod.Patch, $"/Users/{id}", Patch(new JsonObject { ["op"] = "replace", ["value"] = new JsonObject { ["active"] = false } }));

    public override ScimRequest MatchGroup(SourceGroup group) =>
        new($"Is there a group {group.Name}?", HttpMethod.Get, $"/Groups?filter=displayName eq \"{group.Name}\"&startIndex=1&count=100");

    public override ScimRequest CreateGroup(SourceGroup group, IReadOnlyList<GroupMember> members) => new($"Push {group.Name} with its members", HttpMethod.Post, "/Groups", new JsonObject
    {
        ["schemas"] = new JsonArray(CoreGroup), ["displayName"] = group.Name, ["members"] = Members(members),
    });

    public override ScimRequest Fill(string groupId, SourceGroup group, IReadOnlyList<GroupMember> members) => new($"Replace the members of {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(
        new JsonObject { ["op"] = "replace", ["value"] = new JsonObject { ["id"] = groupId, ["displayName"] = group.Name } },
        new JsonObject { ["op"] = "replace", ["path"] = "members", ["value"] = Members(members) }));

    public override ScimRequest Add(string groupId, SourceGroup group, GroupMember member) => new($"Add {member.Email} to {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(
        new JsonObject { ["op"] = "add", ["path"] = "members", ["value"] = Members([member]) }));

    public override ScimRequest Remove(string groupId, SourceGroup group, GroupMember member) => new($"Remove {member.Email} from {group.Name}", HttpMethod.Patch, $"/Groups/{groupId}", Patch(
        new JsonObject { ["op"] = "remove", ["path"] = $"members[value eq \"{member.Id}\"]" }));

    private static JsonArray Members(IReadOnlyList<GroupMember> members) => new([.. members.Select(m => new JsonObject { ["value"] = m.Id, ["display"] = m.Email })]);

    /// <summary>Twenty characters, as Okta's ids of users are.</summary>
    private static string ExternalId(SourcePerson person)
    {
        var number = SourceDirectory.People.ToList().IndexOf(person) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"00uacme{number:D4}hXkQ7v2p5");
    }
}
