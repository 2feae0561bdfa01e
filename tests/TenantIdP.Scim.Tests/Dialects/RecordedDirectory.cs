using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Tests.Dialects;

/// <param name="Status">Of an error; else 200, 201 or 204.</param>
/// <param name="Bodies">The resources of the answer as they are written.</param>
internal sealed record Answer(int Status, ScimError? Error = null, ComplexValue? Changed = null, IReadOnlyList<JsonNode>? Bodies = null)
{
    public static Answer Of(ScimError error) => new(error.Status, error);
}

/// <summary>Does what a request asks with the kernel alone: resources in a list, members of a group apart from it, as a store keeps them.</summary>
internal sealed class RecordedDirectory(ScimResourceType type)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly ListLimits Limits = new(100, 200, TimeSpan.FromMinutes(10));

    private readonly List<ComplexValue> resources = [];
    private readonly Dictionary<string, IReadOnlyList<ScimValue>> members = [];

    public IReadOnlyList<string> MembersOf(ComplexValue resource) => [.. members[Id(resource)].Select(m => MemberChangeSet.ValueOf((ComplexValue)m))];

    public Answer Do(JsonNode step) => (string?)step["method"] switch
    {
        "GET" => List(step["query"]!.AsObject()),
        "POST" => Create(Bytes(step)),
        "PUT" => Replace(Target(step), Bytes(step)),
        "PATCH" => Patch(Target(step), Bytes(step)),
        var method => throw new ArgumentException(method, nameof(step)),
    };

    private static byte[] Bytes(JsonNode step) => Encoding.UTF8.GetBytes(step["body"]!.ToJsonString());

    private static string Id(ComplexValue resource) => resource.Text(CommonAttributes.Id)!; // set when it was made

    private ComplexValue Target(JsonNode step) => resources.Single(r => "{" + Id(r) + "}" == ((string)step["path"]!).Split('/')[2]); // every such step has a path

    private Answer Create(byte[] body)
    {
        var read = ResourceReader.Read(body, type, Resources.MaxBytes);
        if (!read.IsOk) return Answer.Of(read.Error);
        var resource = read.Value.Resource.Set(CommonAttributes.Id, $"{resources.Count + 1}");
        Keep(resource, MemberChangeSet.All(resource.Values(GroupSchema.Members)));
        resources.Add(resource);
        return new Answer(201, Changed: resource, Bodies: [Body(resource, Projection.Default)]);
    }

    private Answer Replace(ComplexValue stored, byte[] body)
    {
        var read = ResourceReader.Read(body, type, Resources.MaxBytes);
        if (!read.IsOk) return Answer.Of(read.Error);
        var resource = read.Value.Resource.Set(CommonAttributes.Id, Id(stored));
        Keep(resource, MemberChangeSet.All(resource.Values(GroupSchema.Members)));
        resources[resources.IndexOf(stored)] = resource;
        return new Answer(200, Changed: resource, Bodies: [Body(resource, Projection.Default)]);
    }

    private Answer Patch(ComplexValue stored, byte[] body)
    {
        var read = PatchRequest.Read(body, type, Resources.MaxBytes);
        if (!read.IsOk) return Answer.Of(read.Error);
        var applied = read.Value.Apply(stored);
        if (!applied.IsOk) return Answer.Of(applied.Error);
        var resource = applied.Value.Resource;
        Keep(resource, applied.Value.Members);
        resources[resources.IndexOf(stored)] = resource;
        return new Answer(type.MemberList is null ? 200 : 204, Changed: resource, Bodies: [Body(resource, Projection.Default)]);
    }

    private Answer List(JsonObject sent)
    {
        var parameters = ListParameters.FromQuery(sent.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)));
        if (!parameters.IsOk) return Answer.Of(parameters.Error);
        var query = ListQuery.Parse(parameters.Value, type, Limits, Now);
        if (!query.IsOk) return Answer.Of(query.Error);
        var found = resources.Where(r => query.Value.Filter is not { } filter || FilterEvaluator.Matches(filter, Loaded(r)));
        return new Answer(200, Bodies: [.. found.Select(r => Body(r, query.Value.Projection))]);
    }

    private JsonNode Body(ComplexValue resource, Projection projection) =>
        Resources.ToJson(projection.Includes(GroupSchema.Members) ? Loaded(resource) : resource, type, projection);

    private ComplexValue Loaded(ComplexValue resource) => members[Id(resource)] is { Count: > 0 } some ? resource.Clone().Set(GroupSchema.Members, new MultiValue([.. some])) : resource;

    private void Keep(ComplexValue resource, MemberChangeSet changes)
    {
        members[Id(resource)] = changes.ApplyTo(members.GetValueOrDefault(Id(resource), []));
        resource.Remove(GroupSchema.Members);
    }
}
