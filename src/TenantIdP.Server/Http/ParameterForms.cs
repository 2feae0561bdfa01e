using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace TenantIdP.Server.Http;

/// <summary>Names the parameter of the query that is not of its form: of one that may be left out, the binding that is made at build says nothing but the status.</summary>
internal static class ParameterForms
{
    private static readonly MethodInfo Generic = typeof(ParameterForms).GetMethod(nameof(Reads), BindingFlags.NonPublic | BindingFlags.Static)!; // below

    /// <summary>Null when none is.</summary>
    public static string? Misfit(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>().FirstOrDefault(p => p.HasTryParse && IsMisfit(p, context.Request.Query)) is { } found
            ? JsonNamingPolicy.CamelCase.ConvertName(found.Name)
            : null;

    private static bool IsMisfit(IParameterBindingMetadata parameter, IQueryCollection query)
    {
        var type = parameter.ParameterInfo.ParameterType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (query[parameter.Name] is not [{ Length: > 0 } text, ..]) return false;
        if (type.IsEnum) return !Enum.TryParse(type, text, ignoreCase: true, out _);
        return type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IParsable<>)) && !(bool)Generic.MakeGenericMethod(type).Invoke(null, [text])!; // a bool
    }

    private static bool Reads<T>(string text) where T : IParsable<T> => T.TryParse(text, CultureInfo.InvariantCulture, out _);
}
