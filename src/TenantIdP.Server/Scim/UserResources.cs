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

/// <summary>Users of a directory (RFC 7644 section 3). PUT and PATCH answer with the user as it is now.</summary>
internal sealed class UserResources(ScimRequest scim, DirectoryUserService users, DirectoryUserList list, UserListing listing) : ScimResources
{
    public override ScimResourceType Type => scim.Users;

    public override async Task<ScimAnswer> CreateAsync(ReadOnlyMemory<byte> body, Projection shown, CancellationToken ct)
    {
        var read = ResourceReader.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return ScimAnswer.Of(read.Error);
        var facts = UserMap.Facts(read.Value.Resource, Type);
        if (!facts.IsOk) return ScimAnswer.Of(facts.Error);
        var created = await users.CreateAsync(scim.Directory, facts.Value, ct);
        if (!created.IsOk) return ScimAnswer.Of(ErrorOf(created.Error, null));
        var (user, resource) = (created.Value, await ResourceAsync(created.Value, shown, ct));
        return ScimAnswer.Created(user.Id.ToString(), AddressOf(user), ETags.Of(user.Version), json => ResourceWriter.Write(json, resource, Type, shown));
    }

    public override async Task<ScimAnswer> FindAsync(string id, string? ifNoneMatch, Projection shown, CancellationToken ct)
    {
        if (!Id<DirectoryUser>.TryParse(id, out var known) || await list.FindAsync(scim.Directory, known, ct) is not { } user) return NotFound(id);
        return ETags.IsKnown(ifNoneMatch, user.Version) ? ScimAnswer.NotModified(ETags.Of(user.Version)) : await ShowAsync(user, shown, ct);
    }

    public override Task<ScimAnswer> ReplaceAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct)
    {
        var read = ResourceReader.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return Task.FromResult(ScimAnswer.Of(read.Error));
        return ChangeAsync(
            id, ifMatch, shown, before => ResourceReader.CheckImmutable(before, read.Value.Resource) is { } immutable ? immutable : read.Value.Resource, ct);
    }

    public override Task<ScimAnswer> PatchAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct)
    {
        var read = PatchRequest.Read(body, Type, scim.Options.MaxBodyBytes);
        if (!read.IsOk) return Task.FromResult(ScimAnswer.Of(read.Error));
        return ChangeAsync(
            id, ifMatch, shown, before =>
            {
                var applied = read.Value.Apply(before);
                return applied.IsOk ? applied.Value.Resource : applied.Error;
            }, ct);
    }

    public override async Task<ScimAnswer> DeleteAsync(string id, string? ifMatch, CancellationToken ct)
    {
        if (!Id<DirectoryUser>.TryParse(id, out var known)) return NotFound(id);
        var deleted = await users.DeleteAsync(scim.Directory, known, user => ETags.MayChange(ifMatch, user.Version) ? Result.Ok : Refused, ct);
        if (deleted.IsOk) return ScimAnswer.NoContent;
        return ScimAnswer.Of(deleted.Error == Refused ? ScimErrors.PreconditionFailed() : ErrorOf(deleted.Error, id));
    }

    public override Task<ScimResult<ScimPage>> ListAsync(ListQuery query, CancellationToken ct) => listing.ReadAsync(query, ct);

    /// <summary>What the kernel says is wrong leaves the change as the kernel's error.</summary>
    private async Task<ScimAnswer> ChangeAsync(string id, string? ifMatch, Projection shown, Func<ComplexValue, ScimResult<ComplexValue>> change, CancellationToken ct)
    {
        if (!Id<DirectoryUser>.TryParse(id, out var known)) return NotFound(id);
        ScimError? wrong = null;
        var changed = await users.ChangeAsync(
            scim.Directory, known, user =>
            {
                var facts = Judge(user, ifMatch, change);
                wrong = facts.Error;
                return facts.IsOk ? facts.Value : Refused;
            }, ct);
        if (changed.IsOk) return await ShowAsync(changed.Value, shown, ct);
        return ScimAnswer.Of(changed.Error == Refused && wrong is not null ? wrong : ErrorOf(changed.Error, id));
    }

    private ScimResult<DirectoryUserFacts> Judge(DirectoryUser user, string? ifMatch, Func<ComplexValue, ScimResult<ComplexValue>> change)
    {
        if (!ETags.MayChange(ifMatch, user.Version)) return ScimErrors.PreconditionFailed();
        var after = change(UserMap.Patchable(user, Type));
        return after.IsOk ? UserMap.Facts(after.Value, Type) : after.Error;
    }

    private async Task<ScimAnswer> ShowAsync(DirectoryUser user, Projection shown, CancellationToken ct)
    {
        var resource = await ResourceAsync(user, shown, ct);
        return ScimAnswer.Found(AddressOf(user), ETags.Of(user.Version), json => ResourceWriter.Write(json, resource, Type, shown));
    }

    private async Task<ComplexValue> ResourceAsync(DirectoryUser user, Projection shown, CancellationToken ct) => (await listing.ResourcesAsync([user], shown.Includes(UserSchema.Groups), ct))[0];

    private string AddressOf(DirectoryUser user) => scim.AddressOf(Type, user.Id.ToString());

    private ScimAnswer NotFound(string id) => ScimAnswer.Of(ScimErrors.NotFound(Type.Name, id));

    private ScimError ErrorOf(Error error, string? id)
    {
        if (id is not null && error == DirectoryUserErrors.NotFound) return ScimErrors.NotFound(Type.Name, id);
        if (error == DirectoryUserErrors.UserNameTaken || error == DirectoryUserErrors.ExternalIdTaken || error == DirectoryUserErrors.EmailTaken) return ScimAnswer.ErrorOf(error, ScimTypes.Uniqueness);
        return ScimAnswer.ErrorOf(error, error.Kind == ErrorKind.Invalid ? ScimTypes.InvalidValue : null);
    }
}
