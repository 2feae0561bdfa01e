using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>Groups of a directory (RFC 7644 section 3). PATCH answers 204: a large group is not written again for one member.</summary>
internal sealed class GroupResources(ScimRequest scim, DirectoryGroupService groups, DirectoryGroupList list, GroupListing listing) : ScimResources
{
    public override ScimResourceType Type => scim.Groups;

    public override async Task<ScimAnswer> CreateAsync(ReadOnlyMemory<byte> body, Projection shown, CancellationToken ct)
    {
        var read = ResourceReader.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return ScimAnswer.Of(read.Error);
        var resource = read.Value.Resource;
        var members = GroupMap.Members(MemberChangeSet.All(resource.Values(GroupSchema.Members)));
        if (!members.IsOk) return ScimAnswer.Of(members.Error);
        var created = await groups.CreateAsync(scim.Directory, GroupMap.Facts(resource), members.Value.Added, ct);
        if (!created.IsOk) return ScimAnswer.Of(ErrorOf(created.Error, null));
        var (group, answer) = (created.Value, await ResourceAsync(created.Value, shown, ct));
        return ScimAnswer.Created(group.Id.ToString(), AddressOf(group), ETags.Of(group.Version), json => ResourceWriter.Write(json, answer, Type, shown));
    }

    public override async Task<ScimAnswer> FindAsync(string id, string? ifNoneMatch, Projection shown, CancellationToken ct)
    {
        if (!Id<DirectoryGroup>.TryParse(id, out var known) || await list.FindAsync(scim.Directory, known, ct) is not { } group) return NotFound(id);
        return ETags.IsKnown(ifNoneMatch, group.Version) ? ScimAnswer.NotModified(ETags.Of(group.Version)) : await ShowAsync(group, shown, ct);
    }

    /// <summary>Who is not named is not in it any more: a client that leaves an empty list out must not leave people in.</summary>
    public override async Task<ScimAnswer> ReplaceAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct)
    {
        var read = ResourceReader.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return ScimAnswer.Of(read.Error);
        var resource = read.Value.Resource;
        var members = GroupMap.Members(MemberChangeSet.All(resource.Values(GroupSchema.Members)));
        if (!members.IsOk) return ScimAnswer.Of(members.Error);
        return await ChangeAsync(id, ifMatch, _ => new GroupEdit(GroupMap.Facts(resource), members.Value), group => ShowAsync(group, shown, ct), ct);
    }

    public override async Task<ScimAnswer> PatchAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct)
    {
        var read = PatchRequest.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return ScimAnswer.Of(read.Error);
        var members = GroupMap.Members(read.Value.Members);
        if (!members.IsOk) return ScimAnswer.Of(members.Error);
        return await ChangeAsync(
            id, ifMatch, group =>
            {
                var applied = read.Value.Apply(GroupMap.Patchable(group));
                return applied.IsOk ? new GroupEdit(GroupMap.Facts(applied.Value.Resource), members.Value) : applied.Error;
            },
            // Who asks for attributes gets them (RFC 7644 3.5.2).
            group => scim.Http.Request.Query.ContainsKey("attributes") ? ShowAsync(group, shown, ct) : Task.FromResult(ScimAnswer.Changed(AddressOf(group), ETags.Of(group.Version))), ct);
    }

    public override async Task<ScimAnswer> DeleteAsync(string id, string? ifMatch, CancellationToken ct)
    {
        if (!Id<DirectoryGroup>.TryParse(id, out var known)) return NotFound(id);
        var deleted = await groups.DeleteAsync(scim.Directory, known, group => ETags.MayChange(ifMatch, group.Version) ? Result.Ok : Refused, ct);
        if (deleted.IsOk) return ScimAnswer.NoContent;
        return ScimAnswer.Of(deleted.Error == Refused ? ScimErrors.PreconditionFailed() : ErrorOf(deleted.Error, id));
    }

    public override async Task<ScimResult<ScimPage>> ListAsync(ListQuery query, CancellationToken ct) =>
        GroupFilter.Refusal(query) is { } refusal ? refusal : await listing.ReadAsync(query, ct);

    /// <summary>What the kernel says is wrong leaves the change as the kernel's error.</summary>
    private async Task<ScimAnswer> ChangeAsync(string id, string? ifMatch, Func<DirectoryGroup, ScimResult<GroupEdit>> change, Func<DirectoryGroup, Task<ScimAnswer>> answer, CancellationToken ct)
    {
        if (!Id<DirectoryGroup>.TryParse(id, out var known)) return NotFound(id);
        ScimError? wrong = null;
        var changed = await groups.ChangeAsync(
            scim.Directory, known, group =>
            {
                var edit = ETags.MayChange(ifMatch, group.Version) ? change(group) : ScimErrors.PreconditionFailed();
                wrong = edit.Error;
                return edit.IsOk ? edit.Value : Refused;
            }, ct);
        if (changed.IsOk) return await answer(changed.Value);
        return ScimAnswer.Of(changed.Error == Refused && wrong is not null ? wrong : ErrorOf(changed.Error, id));
    }

    private async Task<ScimAnswer> ShowAsync(DirectoryGroup group, Projection shown, CancellationToken ct)
    {
        var resource = await ResourceAsync(group, shown, ct);
        return ScimAnswer.Found(AddressOf(group), ETags.Of(group.Version), json => ResourceWriter.Write(json, resource, Type, shown));
    }

    private async Task<ComplexValue> ResourceAsync(DirectoryGroup group, Projection shown, CancellationToken ct) => (await listing.ResourcesAsync([group], shown.Includes(GroupSchema.Members), ct))[0];

    private string AddressOf(DirectoryGroup group) => scim.AddressOf(Type, group.Id.ToString());

    private ScimAnswer NotFound(string id) => ScimAnswer.Of(ScimErrors.NotFound(Type.Name, id));

    private ScimError ErrorOf(Error error, string? id)
    {
        if (id is not null && error == GroupErrors.NotFound) return ScimErrors.NotFound(Type.Name, id);
        if (error == GroupErrors.NameTaken || error == GroupErrors.ExternalIdTaken) return ScimAnswer.ErrorOf(error, ScimTypes.Uniqueness);
        return ScimAnswer.ErrorOf(error, error.Kind == ErrorKind.Invalid ? ScimTypes.InvalidValue : null);
    }
}
