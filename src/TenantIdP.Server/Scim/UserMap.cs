using System.Text;
using System.Text.Json;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Scim;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>From a user of the protocol to the facts that the domain knows, and back.</summary>
internal static class UserMap
{
    private static readonly ScimAttribute EmailValue = UserSchema.Emails["value"], EmailType = UserSchema.Emails["type"], EmailPrimary = UserSchema.Emails["primary"];
    private static readonly ScimAttribute GroupValue = UserSchema.Groups["value"], GroupRef = UserSchema.Groups["$ref"], GroupDisplay = UserSchema.Groups["display"], GroupType = UserSchema.Groups["type"];

    public static ScimResult<DirectoryUserFacts> Facts(ComplexValue resource, ScimResourceType type)
    {
        var userName = resource.Text(UserSchema.UserName)!; // required, so the kernel lets none through without one
        if (userName.Length > DirectoryUserFacts.MaxNameLength) return ScimErrors.InvalidValue("userName", $"has at most {DirectoryUserFacts.MaxNameLength} characters.");
        var externalId = resource.Text(CommonAttributes.ExternalId) is { Length: > 0 } sent ? sent : null;
        if (externalId?.Length > DirectoryUserFacts.MaxNameLength) return ScimErrors.InvalidValue("externalId", $"has at most {DirectoryUserFacts.MaxNameLength} characters.");
        var emails = resource.Values(UserSchema.Emails).OfType<ComplexValue>().ToList();
        var address = Address(emails, userName, out var wrong);
        if (wrong is not null) return wrong;
        var document = Document(resource, type);
        if (document.Length > DirectoryUserFacts.MaxDocumentLength) return new ScimError(StatusCodes.Status413PayloadTooLarge, null, $"A user has at most {DirectoryUserFacts.MaxDocumentLength} characters as JSON.");
        return new DirectoryUserFacts
        {
            UserName = userName, ExternalId = externalId, Active = resource.Boolean(UserSchema.Active) ?? true, Address = address, Name = Name(resource), Document = document,
            Emails = [.. emails.Select(e => e.Text(EmailValue)).OfType<string>()],
        };
    }

    /// <summary>The whole resource as a client may see it.</summary>
    /// <param name="groups">Those of this user.</param>
    public static ComplexValue Resource(DirectoryUser user, ScimRequest scim, IEnumerable<DirectoryGroupOfUser> groups)
    {
        var resource = new ComplexValue().Set(CommonAttributes.Id, user.Id.ToString());
        foreach (var (attribute, value) in Stored(user, scim.Users).Assigned) resource.Set(attribute, value);
        resource.Set(UserSchema.Active, user.Active);
        var memberships = groups.Select(ScimValue (g) => new ComplexValue().Set(GroupValue, g.Id).Set(GroupRef, scim.AddressOf(scim.Groups, g.Id)).Set(GroupDisplay, g.DisplayName).Set(GroupType, "direct")).ToList();
        if (memberships.Count > 0) resource.Set(UserSchema.Groups, new MultiValue(memberships));
        return resource.Set(CommonAttributes.Meta, scim.MetaOf(scim.Users, user.Id.ToString(), user.CreatedAt, user.UpdatedAt, user.Version));
    }

    /// <summary>The resource as it was sent last, with its id: what a PATCH is applied to.</summary>
    public static ComplexValue Patchable(DirectoryUser user, ScimResourceType type) => Stored(user, type).Set(CommonAttributes.Id, user.Id.ToString()).Set(UserSchema.Active, user.Active);

    /// <summary>What the user has of extensions, each by its URN.</summary>
    public static JsonElement Extensions(DirectoryUser user, ScimResourceType type)
    {
        var (all, found) = (Stored(user, type), new ComplexValue());
        foreach (var extension in type.Extensions.Select(e => type.Root[e.Id]))
        {
            if (all.Complex(extension) is { } values) found.Set(extension, values);
        }

        return JsonElement.Parse(ScimMessages.ToBytes(json => ResourceWriter.Write(json, found, type, Projection.Default)).Span);
    }

    private static ComplexValue Stored(DirectoryUser user, ScimResourceType type)
    {
        var read = ResourceReader.ReadStored(Encoding.UTF8.GetBytes(user.Document), type);
        return read.IsOk ? read.Value.Resource : throw new InvalidOperationException($"The document of {user.Id} is none: {read.Error.Detail}");
    }

    private static string Document(ComplexValue resource, ScimResourceType type)
    {
        var kept = resource.Clone();
        foreach (var ours in new[] { CommonAttributes.Id, CommonAttributes.Meta, CommonAttributes.Schemas, UserSchema.Groups, UserSchema.Active, UserSchema.Password }) kept.Remove(ours);
        return Encoding.UTF8.GetString(ScimMessages.ToBytes(json => ResourceWriter.Write(json, kept, type, Projection.All)).Span);
    }

    private static EmailAddress? Address(List<ComplexValue> emails, string userName, out ScimError? wrong)
    {
        wrong = null;
        var addressed = emails.Where(e => !string.IsNullOrWhiteSpace(e.Text(EmailValue))).ToList();
        var one = addressed.Find(e => e.Boolean(EmailPrimary) == true) ?? addressed.Find(e => "work".Equals(e.Text(EmailType), StringComparison.OrdinalIgnoreCase)) ?? addressed.FirstOrDefault();
        if (one is null) return EmailAddress.TryParse(userName, out var name) ? name : null;
        if (EmailAddress.TryParse(one.Text(EmailValue), out var address)) return address;
        wrong = ScimErrors.InvalidValue("emails.value", "is not a mail address.");
        return null;
    }

    private static PersonName Name(ComplexValue resource)
    {
        var name = resource.Complex(UserSchema.Name);
        var (given, family) = (name?.Text(UserSchema.GivenName), name?.Text(UserSchema.FamilyName));
        var parts = string.Join(' ', new[] { given, family }.Where(p => !string.IsNullOrWhiteSpace(p)));
        var display = new[] { resource.Text(UserSchema.DisplayName), name?.Text(UserSchema.FormattedName), parts }.FirstOrDefault(t => !string.IsNullOrWhiteSpace(t));
        return PersonName.Cleaned(display, given, family);
    }
}
